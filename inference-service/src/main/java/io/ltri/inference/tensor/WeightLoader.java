package io.ltri.inference.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Moves the weights into a layer program: fuses q/k/v and gate/up by stacking rows, one weight in
 * float32 at a time.
 */
final class WeightLoader {

  private final DecoderShape shape;
  private final WeightSource weights;
  private final ScriptModule program;
  private final NDManager deviceManager;

  WeightLoader(
      DecoderShape shape, WeightSource weights, ScriptModule program, NDManager deviceManager) {
    this.shape = shape;
    this.weights = weights;
    this.program = program;
    this.deviceManager = deviceManager;
  }

  void load() {
    int queryWidth = shape.queryHeads() * shape.headDim();
    int kvWidth = shape.kvHeads() * shape.headDim();
    add("addEmbedding", shape.hidden(), new Part("model.embed_tokens.weight", shape.vocabulary()));
    for (int layer = 0; layer < shape.layers(); layer++) {
      String prefix = "model.layers." + layer + ".";
      String attention = prefix + "self_attn.";
      add("addNorm", 0, new Part(prefix + "input_layernorm.weight", shape.hidden()));
      add("addNorm", 0, new Part(prefix + "post_attention_layernorm.weight", shape.hidden()));
      add(
          "addLinear",
          shape.hidden(),
          new Part(attention + "q_proj.weight", queryWidth),
          new Part(attention + "k_proj.weight", kvWidth),
          new Part(attention + "v_proj.weight", kvWidth));
      add("addLinear", queryWidth, new Part(attention + "o_proj.weight", shape.hidden()));
      add(
          "addLinear",
          shape.hidden(),
          new Part(prefix + "mlp.gate_proj.weight", shape.intermediate()),
          new Part(prefix + "mlp.up_proj.weight", shape.intermediate()));
      add(
          "addLinear",
          shape.intermediate(),
          new Part(prefix + "mlp.down_proj.weight", shape.hidden()));
      if (shape.attentionBias()) {
        add(
            "addQkvBias",
            0,
            new Part(attention + "q_proj.bias", queryWidth),
            new Part(attention + "k_proj.bias", kvWidth),
            new Part(attention + "v_proj.bias", kvWidth));
      }
      if (shape.outputBias()) {
        add("addOutputBias", 0, new Part(attention + "o_proj.bias", shape.hidden()));
      }
      if (shape.queryKeyNorm()) {
        add("addHeadNorm", 0, new Part(attention + "q_norm.weight", shape.headDim()));
        add("addHeadNorm", 0, new Part(attention + "k_norm.weight", shape.headDim()));
      }
    }
    add("addNorm", 0, new Part("model.norm.weight", shape.hidden()));
    String output = shape.tiedOutput() ? "model.embed_tokens.weight" : "lm_head.weight";
    add("addLinear", shape.hidden(), new Part(output, shape.vocabulary()));
  }

  private record Part(String name, int rows) {}

  /**
   * @param columns 0 for a vector
   */
  private void add(String method, int columns, Part... parts) {
    int rows = Arrays.stream(parts).mapToInt(Part::rows).sum();
    long rowBytes = 4L * Math.max(columns, 1);
    if (rows * rowBytes > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "weight %s has %d x %d elements, more than 2 GiB in float32: this model is too large"
              .formatted(parts[0].name(), rows, columns));
    }
    try (Arena staging = Arena.ofShared();
        NDManager scope = deviceManager.newSubManager()) {
      MemorySegment memory = staging.allocate(rows * rowBytes, 64);
      long offset = 0;
      for (Part part : parts) {
        check(part, columns);
        weights.read(part.name(), memory.asSlice(offset, part.rows() * rowBytes));
        offset += part.rows() * rowBytes;
      }
      NDArray tensor =
          scope.create(
              memory.asByteBuffer().order(ByteOrder.nativeOrder()),
              columns == 0 ? new Shape(rows) : new Shape(rows, columns),
              DataType.FLOAT32);
      program.accept(method, tensor);
    }
  }

  private void check(Part part, int columns) {
    if (!weights.has(part.name())) {
      throw new IllegalArgumentException("weight " + part.name() + " is missing from the model");
    }
    long[] expected = columns == 0 ? new long[] {part.rows()} : new long[] {part.rows(), columns};
    long[] found = weights.shape(part.name());
    if (!Arrays.equals(expected, found)) {
      throw new IllegalArgumentException(
          "weight %s has shape %s, the model's configuration says %s"
              .formatted(part.name(), Arrays.toString(found), Arrays.toString(expected)));
    }
  }
}
