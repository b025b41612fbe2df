package io.ltri.inference.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/** A tiny decoder with random weights. */
public record RandomModel(
    DecoderShape shape, Map<String, float[]> weights, Map<String, long[]> shapes)
    implements WeightSource {

  /** Grouped queries, tied output, no biases: the family of the default model. */
  public static DecoderShape llama() {
    return shape(3, 48, 6, 2, 8, 80, 97, false, false, false, true);
  }

  public static DecoderShape shape(
      int layers,
      int hidden,
      int queryHeads,
      int kvHeads,
      int headDim,
      int intermediate,
      int vocabulary,
      boolean attentionBias,
      boolean outputBias,
      boolean queryKeyNorm,
      boolean tiedOutput) {
    double[] frequencies = new double[headDim / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = Math.pow(10_000, -2.0 * i / headDim);
    }
    return new DecoderShape(
        layers,
        hidden,
        queryHeads,
        kvHeads,
        headDim,
        intermediate,
        vocabulary,
        1e-5f,
        frequencies,
        attentionBias,
        outputBias,
        queryKeyNorm,
        tiedOutput);
  }

  public static RandomModel of(DecoderShape shape, long seed) {
    RandomModel model = new RandomModel(shape, new LinkedHashMap<>(), new LinkedHashMap<>());
    Random random = new Random(seed);
    int queryWidth = shape.queryHeads() * shape.headDim();
    int kvWidth = shape.kvHeads() * shape.headDim();
    model.add(random, "model.embed_tokens.weight", 1, 0, shape.vocabulary(), shape.hidden());
    for (int layer = 0; layer < shape.layers(); layer++) {
      String prefix = "model.layers." + layer + ".";
      String attention = prefix + "self_attn.";
      model.add(random, prefix + "input_layernorm.weight", 0.2, 1, shape.hidden());
      model.add(random, prefix + "post_attention_layernorm.weight", 0.2, 1, shape.hidden());
      model.addLinear(random, attention + "q_proj.weight", queryWidth, shape.hidden());
      model.addLinear(random, attention + "k_proj.weight", kvWidth, shape.hidden());
      model.addLinear(random, attention + "v_proj.weight", kvWidth, shape.hidden());
      model.addLinear(random, attention + "o_proj.weight", shape.hidden(), queryWidth);
      model.addLinear(
          random, prefix + "mlp.gate_proj.weight", shape.intermediate(), shape.hidden());
      model.addLinear(random, prefix + "mlp.up_proj.weight", shape.intermediate(), shape.hidden());
      model.addLinear(
          random, prefix + "mlp.down_proj.weight", shape.hidden(), shape.intermediate());
      if (shape.attentionBias()) {
        model.add(random, attention + "q_proj.bias", 0.3, 0, queryWidth);
        model.add(random, attention + "k_proj.bias", 0.3, 0, kvWidth);
        model.add(random, attention + "v_proj.bias", 0.3, 0, kvWidth);
      }
      if (shape.outputBias()) {
        model.add(random, attention + "o_proj.bias", 0.3, 0, shape.hidden());
      }
      if (shape.queryKeyNorm()) {
        model.add(random, attention + "q_norm.weight", 0.2, 1, shape.headDim());
        model.add(random, attention + "k_norm.weight", 0.2, 1, shape.headDim());
      }
    }
    model.add(random, "model.norm.weight", 0.2, 1, shape.hidden());
    if (!shape.tiedOutput()) {
      model.addLinear(random, "lm_head.weight", shape.vocabulary(), shape.hidden());
    }
    return model;
  }

  public int[] tokens(int count, long seed) {
    return new Random(seed).ints(count, 0, shape.vocabulary()).toArray();
  }

  float[] weight(String name) {
    float[] values = weights.get(name);
    if (values == null) {
      throw new IllegalArgumentException(name);
    }
    return values;
  }

  private void addLinear(Random random, String name, int rows, int columns) {
    add(random, name, 1.5 / Math.sqrt(columns), 0, rows, columns);
  }

  private void add(Random random, String name, double spread, double mean, long... dimensions) {
    int size = 1;
    for (long dimension : dimensions) {
      size *= (int) dimension;
    }
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) (mean + spread * random.nextGaussian());
    }
    weights.put(name, values);
    shapes.put(name, dimensions);
  }

  @Override
  public boolean has(String name) {
    return weights.containsKey(name);
  }

  @Override
  public long[] shape(String name) {
    return Objects.requireNonNull(shapes.get(name));
  }

  @Override
  public void read(String name, MemorySegment destination) {
    float[] values = weight(name);
    MemorySegment.copy(values, 0, destination, ValueLayout.JAVA_FLOAT, 0, values.length);
  }
}
