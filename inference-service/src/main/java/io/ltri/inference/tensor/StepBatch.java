package io.ltri.inference.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDManager;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decode steps of several sequences, one token each, that share the linear layers: a weight is read
 * once for all of them. Per layer, in order: {@link #project} for all, {@link Step#project} and
 * {@link Step#attend} for each, {@link #feed} for all. Each row comes out as it would alone, to the
 * last bit ({@link DecodeRows}). Any thread, one at a time.
 */
public final class StepBatch implements AutoCloseable {

  private final Decoder decoder;
  private final PtNDManager manager;
  private final List<Step> steps = new ArrayList<>();

  /** Residual stream, float32 [rows, hidden]; rows beyond the steps are padding. */
  private final NDArray hidden;

  /** What the heads of each row give, float32 [rows, queryHeads, headDim]. */
  private final NDArray heads;

  private final int rows;
  private @Nullable NDArray projected;
  private float @Nullable [][] logits;
  private int layer = -1;
  private boolean closed;

  StepBatch(Decoder decoder, int[] tokens, int rows) {
    this.decoder = decoder;
    this.rows = rows;
    manager = (PtNDManager) decoder.deviceManager().newSubManager();
    decoder.useThreads();
    try (NDArray ids = manager.create(Arrays.copyOf(tokens, rows))) {
      hidden = decoder.program().compute(manager, "embed", ids);
    }
    heads = decoder.program().compute(manager, "emptyHeads", hidden);
    for (int row = 0; row < tokens.length; row++) {
      steps.add(new Step(decoder, this, row, tokens[row]));
    }
  }

  /** One for each sequence, in the order of the tokens. */
  public List<Step> steps() {
    return List.copyOf(steps);
  }

  /** Computes the layer's queries, keys and values of all rows. */
  public void project(int layer) {
    decoder.requireLayer(layer);
    dropProjected();
    decoder.useThreads();
    projected = decoder.program().compute(manager, "projectRows", new long[] {layer}, hidden);
    this.layer = layer;
  }

  /** Output projection, residual and MLP of all rows, after their attention. */
  public void feed(int layer) {
    if (layer != this.layer) {
      throw new IllegalStateException(
          "feed for layer %d after project for layer %d: project it first"
              .formatted(layer, this.layer));
    }
    decoder.useThreads();
    decoder.program().run("feedRows", new long[] {layer}, hidden, heads);
    dropProjected();
    this.layer = -1;
  }

  /** Of the layer projected last, [rows, queries, keys and values]. */
  NDArray projected(int layer) {
    NDArray rows = projected;
    if (rows == null || layer != this.layer) {
      throw new IllegalStateException(
          "layer %d of a step before that of its batch: project the batch first".formatted(layer));
    }
    return rows;
  }

  /** With padding. */
  int rows() {
    return rows;
  }

  NDArray heads() {
    return heads;
  }

  /** The residual stream of one row. */
  NDArray hidden(int row) {
    return decoder.program().compute(manager, "rows", new long[] {row, 1}, hidden);
  }

  /** Logits of one row, [vocabulary]; all rows are computed when the first is asked for. */
  float[] logits(int row) {
    float[][] all = logits;
    if (all == null) {
      all = allLogits();
      logits = all;
    }
    return all[row].clone();
  }

  private float[][] allLogits() {
    decoder.useThreads();
    int vocabulary = decoder.shape().vocabulary();
    float[][] all = new float[steps.size()][];
    try (Arena arena = Arena.ofShared();
        NDManager host = decoder.hostManager().newSubManager()) {
      MemorySegment memory = arena.allocate(4L * rows * vocabulary, 64);
      NDArray out =
          host.create(
              memory.asByteBuffer().order(ByteOrder.nativeOrder()),
              new Shape(rows, vocabulary),
              DataType.FLOAT32);
      decoder.program().run("logits", new long[] {rows}, hidden, out);
      for (int row = 0; row < all.length; row++) {
        all[row] =
            memory.asSlice(4L * row * vocabulary, 4L * vocabulary).toArray(ValueLayout.JAVA_FLOAT);
      }
    }
    return all;
  }

  private void dropProjected() {
    if (projected != null) {
      projected.close();
      projected = null;
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    steps.forEach(Step::release);
    manager.close();
  }
}
