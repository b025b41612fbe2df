package io.ltri.inference.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

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
    add("addEmbedding", shape.hidden(), WeightNames.embedding(shape));
    for (int layer = 0; layer < shape.layers(); layer++) {
      WeightNames names = new WeightNames(shape, layer);
      add("addNorm", 0, names.inputNorm());
      add("addNorm", 0, names.feedNorm());
      add("addLinear", shape.hidden(), names.qkv());
      add("addLinear", queryWidth, names.attentionOutput());
      add("addLinear", shape.hidden(), names.gateUp());
      add("addLinear", shape.intermediate(), names.down());
      if (shape.attentionBias()) {
        add("addQkvBias", 0, names.qkvBias());
      }
      if (shape.outputBias()) {
        add("addOutputBias", 0, names.attentionOutputBias());
      }
      if (shape.queryKeyNorm()) {
        add("addHeadNorm", 0, names.queryNorm());
        add("addHeadNorm", 0, names.keyNorm());
      }
    }
    add("addNorm", 0, WeightNames.finalNorm(shape));
    add("addLinear", shape.hidden(), WeightNames.output(shape));
  }

  /**
   * @param columns 0 for a vector
   */
  private void add(String method, int columns, List<WeightNames.Part> parts) {
    int rows = parts.stream().mapToInt(WeightNames.Part::rows).sum();
    long rowBytes = 4L * Math.max(columns, 1);
    if (rows * rowBytes > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "weight %s has %d x %d elements, more than 2 GiB in float32: this model is too large"
              .formatted(parts.getFirst().name(), rows, columns));
    }
    try (Arena staging = Arena.ofShared();
        NDManager scope = deviceManager.newSubManager()) {
      MemorySegment memory = staging.allocate(rows * rowBytes, 64);
      long offset = 0;
      for (WeightNames.Part part : parts) {
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

  private void check(WeightNames.Part part, int columns) {
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
