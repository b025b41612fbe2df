package io.ltri.inference.model;

import io.ltri.inference.tensor.DecoderShape;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What a checkpoint says of its model, in the same terms whatever file it came from.
 *
 * @param trainedLength tokens ({@code max_position_embeddings})
 * @param ropeBase theta: pair i of a head turns {@code ropeBase ^ (-2 i / headDim)} radians per
 *     position before scaling
 * @param attentionBias query, key and value projections have a bias
 * @param outputBias the attention's output projection has a bias
 * @param queryKeyNorm queries and keys pass an RMS norm per head before rotation
 * @param tiedOutput the output projection is the embedding
 * @param bos token id, -1 if the model has none
 * @param eos token ids that end a text, best known first; may be empty
 */
public record ModelConfig(
    ModelFamily family,
    int layers,
    int hidden,
    int queryHeads,
    int kvHeads,
    int headDim,
    int intermediate,
    int vocabulary,
    int trainedLength,
    float normEpsilon,
    double ropeBase,
    RopeScaling ropeScaling,
    boolean attentionBias,
    boolean outputBias,
    boolean queryKeyNorm,
    boolean tiedOutput,
    int bos,
    List<Integer> eos) {

  public ModelConfig {
    eos = List.copyOf(eos);
  }

  /** What the layer programs must know, with rope scaling applied. */
  public DecoderShape shape() {
    return new DecoderShape(
        layers,
        hidden,
        queryHeads,
        kvHeads,
        headDim,
        intermediate,
        vocabulary,
        normEpsilon,
        inverseFrequencies(),
        attentionBias,
        outputBias,
        queryKeyNorm,
        tiedOutput);
  }

  private double[] inverseFrequencies() {
    double[] unscaled = new double[headDim / 2];
    for (int i = 0; i < unscaled.length; i++) {
      unscaled[i] = Math.pow(ropeBase, -2.0 * i / headDim);
    }
    return ropeScaling.apply(unscaled);
  }

  /** Calls with the name and shape of every tensor that this model needs. */
  void forEachTensor(BiConsumer<String, long[]> tensor) {
    long queries = (long) queryHeads * headDim;
    long keys = (long) kvHeads * headDim;
    tensor.accept("model.embed_tokens.weight", new long[] {vocabulary, hidden});
    for (int layer = 0; layer < layers; layer++) {
      String prefix = "model.layers." + layer + ".";
      String attention = prefix + "self_attn.";
      tensor.accept(prefix + "input_layernorm.weight", new long[] {hidden});
      tensor.accept(attention + "q_proj.weight", new long[] {queries, hidden});
      tensor.accept(attention + "k_proj.weight", new long[] {keys, hidden});
      tensor.accept(attention + "v_proj.weight", new long[] {keys, hidden});
      tensor.accept(attention + "o_proj.weight", new long[] {hidden, queries});
      if (attentionBias) {
        tensor.accept(attention + "q_proj.bias", new long[] {queries});
        tensor.accept(attention + "k_proj.bias", new long[] {keys});
        tensor.accept(attention + "v_proj.bias", new long[] {keys});
      }
      if (outputBias) {
        tensor.accept(attention + "o_proj.bias", new long[] {hidden});
      }
      if (queryKeyNorm) {
        tensor.accept(attention + "q_norm.weight", new long[] {headDim});
        tensor.accept(attention + "k_norm.weight", new long[] {headDim});
      }
      tensor.accept(prefix + "post_attention_layernorm.weight", new long[] {hidden});
      tensor.accept(prefix + "mlp.gate_proj.weight", new long[] {intermediate, hidden});
      tensor.accept(prefix + "mlp.up_proj.weight", new long[] {intermediate, hidden});
      tensor.accept(prefix + "mlp.down_proj.weight", new long[] {hidden, intermediate});
    }
    tensor.accept("model.norm.weight", new long[] {hidden});
    if (!tiedOutput) {
      tensor.accept("lm_head.weight", new long[] {vocabulary, hidden});
    }
  }

  /**
   * What must hold between the fields before any arithmetic is done with them, so that a lying file
   * can neither overflow nor allocate.
   *
   * @return what is wrong with which field, or null
   */
  static @Nullable Flaw flaw(ModelConfig config) {
    if (config.layers > 4096) {
      return new Flaw(Field.LAYERS, config.layers + " is more than 4096");
    }
    if (config.queryHeads % config.kvHeads != 0) {
      return new Flaw(
          Field.KV_HEADS,
          config.queryHeads + " query heads are no multiple of " + config.kvHeads + " KV heads");
    }
    if (config.headDim % 2 != 0 || config.headDim > 8192) {
      return new Flaw(
          Field.HEAD_DIM, config.headDim + " must be even, and 8192 at most: rotation takes pairs");
    }
    if (!(config.normEpsilon >= 0 && config.normEpsilon < 1)) {
      return new Flaw(Field.NORM_EPSILON, config.normEpsilon + " must lie in [0, 1)");
    }
    if (!(config.ropeBase > 0 && config.ropeBase < Double.POSITIVE_INFINITY)) {
      return new Flaw(Field.ROPE_BASE, config.ropeBase + " must be positive and finite");
    }
    if (config.bos < -1 || config.bos >= config.vocabulary) {
      return new Flaw(
          Field.BOS, config.bos + " is outside of the vocabulary of " + config.vocabulary);
    }
    for (int id : config.eos) {
      if (id < 0 || id >= config.vocabulary) {
        return new Flaw(Field.EOS, id + " is outside of the vocabulary of " + config.vocabulary);
      }
    }
    return null;
  }

  /** The fields that {@link #flaw} can object to; each format has its own word for them. */
  enum Field {
    LAYERS,
    KV_HEADS,
    HEAD_DIM,
    NORM_EPSILON,
    ROPE_BASE,
    BOS,
    EOS
  }

  record Flaw(Field field, String problem) {}
}
