package io.ltri.benchmarks.figure;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All of a run.
 *
 * @param complete whether all that was asked for is there; a run that was cut off leaves what it
 *     had
 * @param bandwidth of reading memory, measured in this run
 */
public record Result(
    boolean complete,
    Made made,
    List<Bandwidth> bandwidth,
    List<LengthFigures> lengths,
    List<SequencesFigures> sequences,
    List<WhileReadingFigures> whileReading,
    List<StepProfile> profiles) {

  public static final String LTRI = "ltri";

  /**
   * How it was made.
   *
   * @param label name of what was measured, as plots show it
   * @param seconds from begin to end
   * @param host processor, cores, memory, kernel, Java
   * @param services version, build, model, precision, settings
   * @param peers by name: version, threads
   */
  public record Made(
      String label,
      String at,
      double seconds,
      String command,
      Map<String, String> host,
      Map<String, String> services,
      Map<String, Map<String, String>> peers,
      Map<String, String> text) {}

  /**
   * Reading a block of memory that no cache holds.
   *
   * @param when "before" or "after" the rest
   */
  public record Bandwidth(String when, int threads, long bytes, Spread gigabytesPerSecond) {}

  /** The figures of a system at a length. */
  public Optional<LengthFigures> at(int length, String system) {
    return lengths.stream()
        .filter(figures -> figures.length() == length && figures.system().equals(system))
        .findFirst();
  }

  public List<Integer> measuredLengths() {
    return lengths.stream().map(LengthFigures::length).distinct().sorted().toList();
  }

  /** Systems other than the services. */
  public List<String> peers() {
    return lengths.stream()
        .map(LengthFigures::system)
        .distinct()
        .filter(system -> !system.equals(LTRI))
        .toList();
  }
}
