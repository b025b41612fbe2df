package io.ltri.inference.tensor;

import ai.djl.ndarray.NDArray;
import java.lang.foreign.MemorySegment;
import java.util.function.IntConsumer;

/**
 * What the rows of a {@link StepBatch} share: embedding, linear layers and output projection, by
 * the tensor library ({@link ProgramRows}) or in Java ({@link HostRows}). One thread at a time.
 */
interface StepRows extends AutoCloseable {

  /** Computes the layer's queries, keys and values of all rows. */
  void project(int layer);

  /** Gives those of one row to the row's own memory, and keys and values to an arena. */
  void store(int row, TokenRow into, KvArena arena, int position);

  /**
   * Queries that a layer would have if the residual stream came to it as it is now, rotated to a
   * position, not scaled.
   *
   * @return float32 [rows, queryHeads, headDim]; valid until the next call
   */
  MemorySegment queriesOf(int layer, RotationTable table, int position);

  /** Those of all rows as the tensor library keeps them, [rows, queries, keys and values]. */
  NDArray projected();

  /**
   * What the heads of each row give, float32 [rows, queryHeads, headDim], for attention to fill.
   */
  NDArray heads();

  /**
   * Attention of one row, into {@link #heads}; of several rows in several threads at once.
   *
   * @return false, and nothing is done, if that is left to the tensor library
   */
  default boolean attend(int row, OneQuery query) {
    return false;
  }

  /** Does something for each of so many rows, in several threads where rows are in Java. */
  default void each(int count, IntConsumer task) {
    for (int i = 0; i < count; i++) {
      task.accept(i);
    }
  }

  /** Output projection, residual and MLP of all rows, after their attention. */
  void feed(int layer);

  /** The residual stream of one row, [1, hidden]. */
  NDArray hidden(int row);

  /**
   * @param wanted of the first so many rows
   * @return [wanted][vocabulary]
   */
  float[][] logits(int wanted);

  /** Drops queries, keys and values, which are not used any more. */
  void dropProjected();

  @Override
  void close();
}
