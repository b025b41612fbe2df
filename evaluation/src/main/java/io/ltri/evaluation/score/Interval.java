package io.ltri.evaluation.score;

/**
 * A mean with its 95 % confidence interval.
 *
 * @param value the mean, in per cent, or a difference of means, in points
 * @param low lower end, same unit
 * @param high upper end, same unit
 * @param samples how many samples it stands on
 */
public record Interval(double value, double low, double high, int samples) {}
