package io.ltri.inference.tensor;

import ai.djl.ndarray.NDArray;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Decode steps of several sequences, one token each, that share the linear layers: a weight is read
 * once for all of them. Per layer, in order: {@link #project} for all, {@link Step#project} and
 * {@link Step#attend} for each, {@link #feed} for all. Each row comes out as it would alone, to the
 * last bit ({@link DecodeRows}). Any thread, one at a time; within {@link #each}, different steps
 * are projected or attend at the same time.
 */
public final class StepBatch implements AutoCloseable {

  private final Decoder decoder;
  private final StepRows rows;
  private final List<Step> steps = new ArrayList<>();
  private float @Nullable [][] logits;

  /** The layer projected last; -1: none since the last was fed. */
  private int layer = -1;

  /** Queries of this layer were computed ahead; -1: of none. */
  private int queriesOf = -1;

  private @Nullable MemorySegment queries;
  private boolean closed;

  StepBatch(Decoder decoder, int[] tokens) {
    this.decoder = decoder;
    this.rows = decoder.newRows(tokens);
    for (int row = 0; row < tokens.length; row++) {
      steps.add(new Step(decoder, this, row, tokens[row]));
    }
  }

  /** One for each sequence, in the order of the tokens. */
  public List<Step> steps() {
    return List.copyOf(steps);
  }

  /**
   * Does something for each of so many, in several threads where that is of use.
   *
   * @param task must not throw
   */
  public void each(int count, IntConsumer task) {
    rows.each(count, task);
  }

  /**
   * Runs what keeps a team of threads in the tensor library, for one row at a time: in several
   * threads at once each would have its own.
   */
  synchronized void inTurn(Runnable call) {
    call.run();
  }

  /** Computes the layer's queries, keys and values of all rows. */
  public void project(int layer) {
    decoder.requireLayer(layer);
    rows.project(layer);
    this.layer = layer;
  }

  /** Output projection, residual and MLP of all rows, after their attention. */
  public void feed(int layer) {
    if (layer != this.layer) {
      throw new IllegalStateException(
          "feed for layer %d after project for layer %d: project it first"
              .formatted(layer, this.layer));
    }
    rows.feed(layer);
    queriesOf = -1;
    rows.dropProjected();
    this.layer = -1;
  }

  void store(int layer, int row, TokenRow into, KvArena arena, int position) {
    requireProjected(layer);
    rows.store(row, into, arena, position);
  }

  /** As {@link StepRows#queriesOf}, of one row; computed for all when the first asks. */
  synchronized MemorySegment queriesOf(int layer, int row, RotationTable table, int position) {
    MemorySegment all = queries;
    if (all == null || queriesOf != layer) {
      all = rows.queriesOf(layer, table, position);
      queries = all;
      queriesOf = layer;
    }
    long bytes = 4L * decoder.shape().queryHeads() * decoder.shape().headDim();
    return all.asSlice(row * bytes, bytes);
  }

  /** Of the layer projected last, [rows, queries, keys and values]. */
  NDArray projected(int layer) {
    requireProjected(layer);
    return rows.projected();
  }

  private void requireProjected(int layer) {
    if (layer != this.layer) {
      throw new IllegalStateException(
          "layer %d of a step before that of its batch: project the batch first".formatted(layer));
    }
  }

  /** As {@link StepRows#attend}. */
  boolean attend(int row, OneQuery query) {
    return rows.attend(row, query);
  }

  /** What the heads of each row give, float32 [rows, queryHeads, headDim]. */
  NDArray heads() {
    return rows.heads();
  }

  /** The residual stream of one row. */
  NDArray hidden(int row) {
    return rows.hidden(row);
  }

  /** Logits of one row, [vocabulary]; all rows are computed when the first is asked for. */
  float[] logits(int row) {
    float[][] all = logits;
    if (all == null) {
      all = rows.logits(steps.size());
      logits = all;
    }
    return all[row].clone();
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    steps.forEach(Step::release);
    rows.close();
  }
}
