package io.ltri.inference.retrieval;

/**
 * A span that a look-up found.
 *
 * @param document position in the look-up's list of documents
 * @param span ordinal within the layer of that document
 * @param start first text position
 * @param end text position after the last
 * @param mass per query head, the span's share of the attention over all candidate tokens
 */
public record Candidate(int document, int span, int start, int end, float[] mass) {

  public int tokens() {
    return end - start;
  }
}
