package io.ltri.inference.tensor;

/**
 * The attention of one token over entries [from, from + length) of an arena in slots.
 *
 * @param table for as many positions
 * @param queries of the token, rotated to the last entry and scaled, [queryHeads, headDim]
 * @param seen of the last so many entries the mean probability over the query heads is wanted
 * @param band this mean, the last entry first; to be filled
 */
record OneQuery(
    int layer,
    KvArena arena,
    int from,
    int length,
    RotationTable table,
    float[] queries,
    int seen,
    float[] band) {}
