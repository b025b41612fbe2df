package io.ltri.inference.model;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Reads the configuration and the vocabulary from the metadata of a GGUF file. What the metadata
 * leaves out follows from which tensors there are: an absent output projection is tied to the
 * embedding.
 */
final class GgufConfig {

  private static final double DEFAULT_ROPE_BASE = 10_000;
  private static final String ROPE_DIVISORS = "rope_freqs.weight";
  private static final int CONTROL = 3;

  /** Ids that end a turn although older files declare only one of them, or none. */
  private static final Set<String> ENDING_TOKENS =
      Set.of("<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>");

  private GgufConfig() {}

  static ModelConfig config(GgufFile file, GgufVocabulary vocabulary) {
    ModelFamily family = family(file);
    String prefix = family.type() + ".";
    refuseWhatIsNotComputed(file, prefix);

    int hidden = file.positive(prefix + "embedding_length");
    int queryHeads = file.positive(prefix + "attention.head_count");
    int headDim = headDim(file, prefix, hidden, queryHeads);
    int trainedLength = file.positive(prefix + "context_length");
    refuseSlidingWindow(file, prefix, trainedLength);

    ModelConfig config =
        new ModelConfig(
            family,
            file.positive(prefix + "block_count"),
            hidden,
            queryHeads,
            file.positive(prefix + "attention.head_count_kv", queryHeads),
            headDim,
            file.positive(prefix + "feed_forward_length"),
            vocabularySize(file, vocabulary),
            trainedLength,
            (float) file.number(prefix + "attention.layer_norm_rms_epsilon"),
            file.number(prefix + "rope.freq_base", DEFAULT_ROPE_BASE),
            scaling(file, prefix, headDim),
            family == ModelFamily.QWEN2 || file.tensors().containsKey("blk.0.attn_q.bias"),
            file.tensors().containsKey("blk.0.attn_output.bias"),
            family == ModelFamily.QWEN3,
            !file.tensors().containsKey("output.weight"),
            vocabulary.bos(),
            eos(file, vocabulary));
    ModelConfig.Flaw flaw = ModelConfig.flaw(config);
    if (flaw != null) {
      throw file.broken(
          switch (flaw.field()) {
            case LAYERS -> prefix + "block_count";
            case KV_HEADS -> prefix + "attention.head_count_kv";
            case HEAD_DIM -> prefix + "attention.key_length";
            case NORM_EPSILON -> prefix + "attention.layer_norm_rms_epsilon";
            case ROPE_BASE -> prefix + "rope.freq_base";
            case BOS -> "tokenizer.ggml.bos_token_id";
            case EOS -> "tokenizer.ggml.eos_token_id";
          },
          flaw.problem());
    }
    return config;
  }

  private static ModelFamily family(GgufFile file) {
    String architecture = file.text("general.architecture");
    for (ModelFamily family : ModelFamily.values()) {
      if (family.type().equals(architecture)) {
        return family;
      }
    }
    throw file.broken(
        "general.architecture",
        ModelFileException.quoted(architecture)
            + " is not supported; supported are "
            + Arrays.stream(ModelFamily.values()).map(ModelFamily::type).toList());
  }

  private static void refuseWhatIsNotComputed(GgufFile file, String prefix) {
    if (file.integer(prefix + "expert_count", 0) > 0) {
      throw file.broken(prefix + "expert_count", "mixtures of experts are not supported");
    }
    if (!file.flag(prefix + "attention.causal", true)) {
      throw file.broken(prefix + "attention.causal", "models that look ahead are not supported");
    }
    for (String key : List.of("attention.scale", "logit_scale", "residual_scale")) {
      if (file.number(prefix + key, 0) != 0) {
        throw file.broken(prefix + key, "is not supported");
      }
    }
  }

  private static void refuseSlidingWindow(GgufFile file, String prefix, int trainedLength) {
    long window = file.integer(prefix + "attention.sliding_window", 0);
    if (window > 0 && window < trainedLength) {
      throw file.broken(
          prefix + "attention.sliding_window",
          "layers that see a sliding window only are not supported");
    }
  }

  private static int headDim(GgufFile file, String prefix, int hidden, int queryHeads) {
    int headDim;
    if (file.has(prefix + "attention.key_length")) {
      headDim = file.positive(prefix + "attention.key_length");
    } else if (hidden % queryHeads == 0) {
      headDim = hidden / queryHeads;
    } else {
      throw file.broken(
          prefix + "attention.head_count", queryHeads + " do not divide the hidden size " + hidden);
    }
    int values = file.positive(prefix + "attention.value_length", headDim);
    if (values != headDim) {
      throw file.broken(
          prefix + "attention.value_length",
          "values of another length than keys, " + values + " and " + headDim + ", not supported");
    }
    int rotated = file.positive(prefix + "rope.dimension_count", headDim);
    if (rotated != headDim) {
      throw file.broken(
          prefix + "rope.dimension_count",
          "heads that rotate in part, " + rotated + " of " + headDim + ", are not supported");
    }
    return headDim;
  }

  private static int vocabularySize(GgufFile file, GgufVocabulary vocabulary) {
    MappedTensor embedding = file.tensors().get("token_embd.weight");
    if (embedding == null) {
      throw file.broken("token_embd.weight", "tensor is missing");
    }
    long rows = embedding.shape()[0];
    if (rows != vocabulary.tokens().size()) {
      throw file.broken(
          "token_embd.weight",
          rows + " rows for " + vocabulary.tokens().size() + " tokens of tokenizer.ggml.tokens");
    }
    return (int) rows;
  }

  private static RopeScaling scaling(GgufFile file, String prefix, int headDim) {
    String typeKey = prefix + "rope.scaling.type";
    String type = file.has(typeKey) ? file.text(typeKey) : "linear";
    double factor =
        file.number(prefix + "rope.scaling.factor", file.number(prefix + "rope.scale_linear", 0));
    if (type.equals("none") || factor == 0) {
      factor = 1;
    }
    if (!type.equals("none") && !type.equals("linear")) {
      throw file.broken(
          typeKey,
          ModelFileException.quoted(type) + " is not supported; supported are none and linear");
    }
    if (!(factor > 0)) {
      throw file.broken(prefix + "rope.scaling.factor", factor + " must be positive");
    }
    MappedTensor divisors = file.tensors().get(ROPE_DIVISORS);
    if (divisors != null) {
      return divisors(file, divisors, headDim, factor);
    }
    return factor == 1 ? new RopeScaling.None() : new RopeScaling.Linear(factor);
  }

  private static RopeScaling divisors(
      GgufFile file, MappedTensor tensor, int headDim, double factor) {
    if (tensor.type() != TensorType.F32
        || !Arrays.equals(tensor.shape(), new long[] {headDim / 2})) {
      throw file.broken(ROPE_DIVISORS, "must be " + headDim / 2 + " elements of F32");
    }
    List<Double> result = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment values = arena.allocate(2L * headDim, Float.BYTES);
      tensor.read(values);
      for (int i = 0; i < headDim / 2; i++) {
        float divisor = values.getAtIndex(ValueLayout.JAVA_FLOAT, i);
        if (!(divisor > 0 && divisor < Float.POSITIVE_INFINITY)) {
          throw file.broken(
              ROPE_DIVISORS, "element " + i + ", " + divisor + ", must be positive and finite");
        }
        result.add(divisor * factor);
      }
    }
    return new RopeScaling.Divisors(result);
  }

  private static List<Integer> eos(GgufFile file, GgufVocabulary vocabulary) {
    Set<Integer> result = new LinkedHashSet<>();
    if (vocabulary.eos() >= 0) {
      result.add(vocabulary.eos());
    }
    for (String key : List.of("tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id")) {
      if (file.has(key)) {
        result.add(id(file, key, vocabulary.tokens().size()));
      }
    }
    for (int id = 0; id < vocabulary.types().size(); id++) {
      if (vocabulary.types().get(id) == CONTROL
          && ENDING_TOKENS.contains(vocabulary.tokens().get(id))) {
        result.add(id);
      }
    }
    return new ArrayList<>(result);
  }

  static GgufVocabulary vocabulary(GgufFile file) {
    String model = file.text("tokenizer.ggml.model");
    String pre = file.has("tokenizer.ggml.pre") ? file.text("tokenizer.ggml.pre") : "default";
    List<String> tokens = file.texts("tokenizer.ggml.tokens");
    if (tokens.isEmpty()) {
      throw file.broken("tokenizer.ggml.tokens", "is missing, or empty");
    }
    List<Integer> types = file.integers("tokenizer.ggml.token_type");
    if (!types.isEmpty() && types.size() != tokens.size()) {
      throw file.broken(
          "tokenizer.ggml.token_type", types.size() + " types for " + tokens.size() + " tokens");
    }
    return new GgufVocabulary(
        model,
        pre,
        List.copyOf(tokens),
        List.copyOf(file.texts("tokenizer.ggml.merges")),
        List.copyOf(types),
        id(file, "tokenizer.ggml.bos_token_id", tokens.size()),
        id(file, "tokenizer.ggml.eos_token_id", tokens.size()),
        id(file, "tokenizer.ggml.unknown_token_id", tokens.size()),
        file.flag("tokenizer.ggml.add_bos_token", beginsByDefault(model, pre)),
        file.flag("tokenizer.ggml.add_eos_token", false),
        file.has("tokenizer.chat_template") ? file.text("tokenizer.chat_template") : null);
  }

  // Files from before the flag rely on what llama.cpp did for these tokenizers.
  private static boolean beginsByDefault(String model, String pre) {
    return model.equals("llama") || Set.of("llama3", "llama-v3", "llama-bpe").contains(pre);
  }

  private static int id(GgufFile file, String key, int tokens) {
    long id = file.integer(key, -1);
    // Some writers spell "none" as the largest unsigned int.
    if (id == 0xFFFF_FFFFL) {
      return -1;
    }
    if (id < -1 || id >= tokens) {
      throw file.broken(key, id + " is outside of the vocabulary of " + tokens);
    }
    return (int) id;
  }
}
