package io.ltri.inference.tensor;

/**
 * A weight as quantised files store it: small whole numbers, in groups along a row that share a
 * scale and a minimum. The element at [r, c] is {@code scales[g] * codes[r * columns + c] +
 * minima[g]} with {@code g = r * (columns / group) + c / group}.
 *
 * @param rows outputs of the linear layer
 * @param columns its inputs, a multiple of group
 * @param bits 4: codes are 0 to 15; 8: they are -128 to 127
 * @param group elements that share a scale, a multiple of 8
 * @param codes [rows, columns]
 * @param scales [rows, columns / group]
 * @param minima [rows, columns / group]
 */
public record GroupedWeight(
    int rows, int columns, int bits, int group, byte[] codes, float[] scales, float[] minima) {}
