package io.ltri.inference.span;

/**
 * A span that will not change any more, with the vectors by which it is found.
 *
 * @param start text position of the first token
 * @param end text position after the last token
 * @param score triangle score
 * @param confidence 0 to 1; 1: attention does not cross the span's ends
 * @param vectors [vectorCount, kvHeads, headDim], row-major, of keys before rotation, in the order
 *     that {@link IndexVectors} gives. Owned by the receiver.
 * @param vectorCount at least 1
 */
@SuppressWarnings("ArrayRecordComponent") // Handed on once, never compared.
public record ClosedSpan(
    int start, int end, float score, float confidence, float[] vectors, int vectorCount) {

  public int length() {
    return end - start;
  }
}
