package io.ltri.index.search;

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

  /** {@code [TILE, rows]} */
  float[] products = {};

  /** {@code [spans or tokens, rows]} */
  float[] scores = {};

  /** For the narrow kernel: sums of a tile that are not added up yet. */
  final float[] partial = new float[NarrowKernel.scratch(TILE)];

  /** Per row. */
  float[] largest = {};

  /** Per row. */
  float[] sums = {};

  /** Which slot each vector of the tile belongs to. */
  final int[] tileSlots = new int[TILE];

  void prepare(int rows, int headDim) {
    queries = atLeast(queries, headDim * rows);
    tile = atLeast(tile, TILE * headDim);
    products = atLeast(products, TILE * rows);
    largest = atLeast(largest, rows);
    sums = atLeast(sums, rows);
  }

  void prepareScores(int count, int rows) {
    scores = atLeast(scores, Math.multiplyExact(count, rows));
  }

  void trim() {
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
