package io.ltri.inference.retrieval;

/**
 * What every block of a document looks like: keys before rotation [kvHeads, tokens, headDim], then
 * values of the same shape.
 *
 * @param elementBytes 2 for bfloat16, 4 for float32
 * @param scoreScale multiplies query-key products
 */
public record BlockLayout(
    int layers, int queryHeads, int kvHeads, int headDim, int elementBytes, float scoreScale) {

  public BlockLayout {
    if (elementBytes != 2 && elementBytes != 4) {
      throw new IllegalArgumentException(
          "elementBytes is 2 (bf16) or 4 (fp32), not " + elementBytes);
    }
  }

  /** Bytes of the keys (or of the values) of so many tokens of one layer. */
  public int partBytes(int tokens) {
    return Math.multiplyExact(Math.multiplyExact(kvHeads * headDim, elementBytes), tokens);
  }
}
