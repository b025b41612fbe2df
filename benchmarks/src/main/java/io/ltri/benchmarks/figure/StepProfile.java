package io.ltri.benchmarks.figure;

import java.util.List;
import java.util.Map;

/**
 * Where the time of decode steps goes, by events of the services.
 *
 * @param length of the text
 * @param steps that were recorded
 * @param stepMillis from a token to the next as a client saw it, in the mean
 * @param parts of it in the inference service, largest first; what is missing to the whole is in
 *     none of them
 * @param layers milliseconds of a step by layer, of the parts that have one
 * @param index parts of the index service's work, per step of the inference service
 * @param inferenceMethods of sampled Java code, with their share of the samples, most first
 * @param indexMethods the same in the index service
 */
public record StepProfile(
    int length,
    int steps,
    double stepMillis,
    List<Part> parts,
    List<Double> layers,
    List<Part> index,
    Map<String, Double> inferenceMethods,
    Map<String, Double> indexMethods) {

  /**
   * @param millis per step
   * @param times that it happened per step
   */
  public record Part(String name, double millis, double times) {}
}
