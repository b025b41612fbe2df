package io.ltri.inference.retrieval;

/**
 * A closed span on its way to the index.
 *
 * @param score triangle score
 * @param confidence in [0, 1]
 * @param vectors float32 [count, kvHeads, headDim]
 * @param block its keys and values
 */
public record OffloadedSpan(float score, float confidence, float[] vectors, SpanBlock block) {}
