package io.ltri.inference.tensor;

/**
 * What the layer programs must know of a decoder-only model with rotary positions, RMS norms and a
 * gated (SiLU) MLP.
 *
 * @param inverseFrequencies rotation per position and pair of dimensions, radians, [headDim / 2];
 *     rope scaling already applied. Dimension i turns with dimension i + headDim / 2.
 * @param attentionBias query, key and value projections have a bias
 * @param outputBias the attention's output projection has a bias
 * @param queryKeyNorm queries and keys pass an RMS norm per head before rotation
 * @param tiedOutput the output projection is the embedding
 */
public record DecoderShape(
    int layers,
    int hidden,
    int queryHeads,
    int kvHeads,
    int headDim,
    int intermediate,
    int vocabulary,
    float normEpsilon,
    double[] inverseFrequencies,
    boolean attentionBias,
    boolean outputBias,
    boolean queryKeyNorm,
    boolean tiedOutput) {}
