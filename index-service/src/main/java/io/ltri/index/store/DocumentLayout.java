package io.ltri.index.store;

/**
 * What every block of a document looks like: the keys {@code [kvHeads, tokens, headDim]}, before
 * rotation, then the values, of the same shape.
 *
 * @param queryHeads a multiple of {@code kvHeads}; query head {@code h} uses KV head {@code h /
 *     group()}
 * @param scoreScale multiplies query-key products; {@code 1 / sqrt(headDim)} as a rule
 */
public record DocumentLayout(
    int layers,
    int queryHeads,
    int kvHeads,
    int headDim,
    StorageType storageType,
    float scoreScale) {

  /** The most layers, heads and numbers per head that a document may have. */
  private static final int MOST_LAYERS = 4096;

  private static final int MOST_HEADS = 4096;

  /** Lucene's limit on the dimension of a vector. */
  private static final int MOST_HEAD_DIM = 1024;

  public DocumentLayout {
    within("layers", layers, MOST_LAYERS);
    within("query_heads", queryHeads, MOST_HEADS);
    within("kv_heads", kvHeads, MOST_HEADS);
    within("head_dim", headDim, MOST_HEAD_DIM);
    if (queryHeads % kvHeads != 0) {
      throw new InvalidInputException(
          "layout: %d query heads are not a multiple of %d KV heads"
              .formatted(queryHeads, kvHeads));
    }
    if (!Float.isFinite(scoreScale) || scoreScale <= 0) {
      throw new InvalidInputException(
          "layout: score_scale must be a positive number, not " + scoreScale);
    }
  }

  private static void within(String name, int value, int most) {
    if (value < 1 || value > most) {
      throw new InvalidInputException(
          "layout: %s must be 1 to %d, not %d".formatted(name, most, value));
    }
  }

  /** Query heads per KV head. */
  public int group() {
    return queryHeads / kvHeads;
  }

  /** Bytes of the keys, or of the values, of a span. */
  public long partBytes(int tokens) {
    return (long) kvHeads * tokens * headDim * storageType.bytes();
  }

  /** Bytes of one summary vector of one KV head. */
  public int vectorBytes() {
    return headDim * Float.BYTES;
  }

  void checkLayer(int layer) {
    if (layer < 0 || layer >= layers) {
      throw new InvalidInputException(
          "layer %d does not exist: the document has layers 0 to %d".formatted(layer, layers - 1));
    }
  }
}
