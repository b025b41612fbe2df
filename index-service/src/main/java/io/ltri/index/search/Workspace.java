package io.ltri.index.search;

import io.ltri.index.store.SummaryCodes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Scratch arrays of one thread at work; they grow to what the searches need and are reused. */
final class Workspace {

  /**
   * Vectors or keys that are multiplied at a time: with 64 rows, all that is touched fits the
   * first-level cache.
   */
  static final int TILE = 64;

  /** Arrays above this size (64 MiB) are not kept. */
  private static final int LARGEST_KEPT = 1 << 24;

  /** {@code [headDim, rows]} */
  float[] queries = {};

  /** {@code [TILE, headDim]} */
  float[] tile = {};

  /** {@code [rows, places]} */
  float[] products = {};

  /** {@code [spans or tokens, rows]} */
  float[] scores = {};

  /** For the narrow kernel: sums of a tile that are not added up yet. */
  final float[] partial = new float[NarrowKernel.scratch(TILE)];

  /** Per row. */
  float[] largest = {};

  /** Per row. */
  float[] sums = {};

  private MemorySegment block = MemorySegment.NULL;

  /** Room for a block of codes; outside the heap, as those of documents are. */
  MemorySegment block(int headDim) {
    if (block.byteSize() < SummaryCodes.blockBytes(headDim)) {
      block = Arena.ofAuto().allocate(SummaryCodes.blockBytes(headDim), 64);
    }
    return block;
  }

  void prepare(int rows, int headDim) {
    queries = atLeast(queries, headDim * rows);
    tile = atLeast(tile, TILE * headDim);
    largest = atLeast(largest, rows);
    sums = atLeast(sums, rows);
  }

  void prepareScores(int count, int rows) {
    scores = atLeast(scores, Math.multiplyExact(count, rows));
  }

  void prepareProducts(int rows, int places) {
    products = atLeast(products, Math.multiplyExact(rows, places));
  }

  void trim() {
    if (products.length > LARGEST_KEPT) {
      products = new float[0];
    }
    if (scores.length > LARGEST_KEPT) {
      scores = new float[0];
    }
  }

  private static float[] atLeast(float[] array, int length) {
    return array.length >= length
        ? array
        : new float[Math.max(length, array.length + array.length / 2)];
  }
}
