package io.ltri.benchmarks.profile;

import io.ltri.benchmarks.figure.StepProfile;
import io.ltri.benchmarks.figure.StepProfile.Part;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;

/** Records both services from its making until {@link #profile}. */
public final class Profiler implements AutoCloseable {
  static final String STEP_PART = "ltri.StepPart";
  static final String SEARCH_PART = "ltri.SearchPart";
  static final String STEP = "step";
  private static final String SAMPLE = "jdk.ExecutionSample";
  private static final int METHODS = 12;
  private static final String NAME = "ltri-bench";

  private static final String SETTINGS =
      """
      <?xml version="1.0" encoding="UTF-8"?>
      <configuration version="2.0">
        <event name="ltri.StepPart">
          <setting name="enabled">true</setting>
          <setting name="threshold">0 ms</setting>
        </event>
        <event name="ltri.SearchPart">
          <setting name="enabled">true</setting>
          <setting name="threshold">0 ms</setting>
        </event>
        <event name="jdk.ExecutionSample">
          <setting name="enabled">true</setting>
          <setting name="period">10 ms</setting>
        </event>
      </configuration>
      """;

  private final Path folder;
  private final List<Long> recorded = new ArrayList<>();
  private final long inference;
  private final long index;

  /**
   * @param inference pid of that service
   * @param folder for recordings, which are deleted
   */
  public Profiler(long inference, long index, Path folder)
      throws IOException, InterruptedException {
    this.inference = inference;
    this.index = index;
    this.folder = folder;
    Path settings = folder.resolve("step.jfc");
    Files.writeString(settings, SETTINGS);
    for (long pid : List.of(inference, index)) {
      String unused = Jcmd.run(pid, "JFR.start", "name=" + NAME, "settings=" + settings);
      recorded.add(pid);
    }
  }

  /**
   * Ends the recording.
   *
   * @param length of the text that was answered about
   * @param stepMillis mean time between two tokens, as a client saw it
   */
  public StepProfile profile(int length, double stepMillis)
      throws IOException, InterruptedException {
    List<RecordedEvent> inInference = stop(inference);
    List<RecordedEvent> inIndex = stop(index);
    return summarise(length, stepMillis, inInference, inIndex);
  }

  private List<RecordedEvent> stop(long pid) throws IOException, InterruptedException {
    Path file = folder.resolve(pid + ".jfr");
    String unused = Jcmd.run(pid, "JFR.stop", "name=" + NAME, "filename=" + file);
    recorded.remove(pid);
    try {
      return RecordingFile.readAllEvents(file);
    } finally {
      Files.deleteIfExists(file);
    }
  }

  /** The decode steps among all steps, in time. */
  private record Steps(long[] begins, long[] ends) {
    static Steps of(List<RecordedEvent> events) {
      List<RecordedEvent> steps =
          events.stream()
              .filter(Steps::isStep)
              .sorted(Comparator.comparing(RecordedEvent::getStartTime))
              .toList();
      long[] begins = steps.stream().mapToLong(step -> nanos(step.getStartTime())).toArray();
      long[] ends = steps.stream().mapToLong(step -> nanos(step.getEndTime())).toArray();
      return new Steps(begins, ends);
    }

    boolean contain(RecordedEvent event) {
      long start = nanos(event.getStartTime());
      int at = Arrays.binarySearch(begins, start);
      int step = at >= 0 ? at : -at - 2;
      return step >= 0 && nanos(event.getEndTime()) <= ends[step];
    }

    static boolean isStep(RecordedEvent event) {
      return isPart(event, STEP_PART)
          && event.getString("part").equals(STEP)
          && event.getInt("tokens") == 1;
    }

    /** From the first to the last. */
    boolean surround(RecordedEvent event) {
      return begins.length > 0
          && nanos(event.getStartTime()) >= begins[0]
          && nanos(event.getEndTime()) <= ends[ends.length - 1];
    }
  }

  private static long nanos(java.time.Instant time) {
    return time.getEpochSecond() * 1_000_000_000L + time.getNano();
  }

  private static boolean isPart(RecordedEvent event, String type) {
    return event.getEventType().getName().equals(type);
  }

  static StepProfile summarise(
      int length, double stepMillis, List<RecordedEvent> inference, List<RecordedEvent> index) {
    Steps steps = Steps.of(inference);
    int count = steps.begins().length;
    if (count == 0) {
      throw new IllegalStateException("the recording holds no decode step");
    }
    Predicate<RecordedEvent> counts =
        event -> isPart(event, STEP_PART) && steps.contain(event) || isOutside(event, steps);
    List<Part> parts = parts(inference, counts, count);
    double recorded =
        inference.stream()
                .filter(event -> Steps.isStep(event) || isOutside(event, steps))
                .mapToLong(event -> event.getDuration().toNanos())
                .sum()
            / 1e6
            / count;
    Map<Integer, Double> byLayer = new TreeMap<>();
    inference.stream()
        .filter(event -> isPart(event, STEP_PART) && steps.contain(event))
        .filter(event -> event.getInt("layer") >= 0)
        .forEach(
            event ->
                byLayer.merge(
                    event.getInt("layer"),
                    event.getDuration().toNanos() / 1e6 / count,
                    Double::sum));
    return new StepProfile(
        length,
        count,
        // Tokens that reach the client late and together make its mean too small.
        Math.max(stepMillis, recorded),
        parts,
        List.copyOf(byLayer.values()),
        parts(index, event -> isPart(event, SEARCH_PART) && steps.surround(event), count),
        methods(inference, steps),
        methods(index, steps));
  }

  /** Work for a token that is not in its step. */
  private static boolean isOutside(RecordedEvent event, Steps steps) {
    return isPart(event, STEP_PART)
        && event.getInt("layer") < 0
        && event.getString("part").startsWith("after the step")
        && steps.surround(event);
  }

  private static List<Part> parts(
      List<RecordedEvent> events, Predicate<RecordedEvent> counts, int steps) {
    Map<String, long[]> sums = new HashMap<>();
    for (RecordedEvent event : events) {
      if (counts.test(event) && !event.getString("part").equals(STEP)) {
        long[] sum = sums.computeIfAbsent(event.getString("part"), name -> new long[2]);
        sum[0] += event.getDuration().toNanos();
        sum[1]++;
      }
    }
    return sums.entrySet().stream()
        .map(
            entry ->
                new Part(
                    entry.getKey(),
                    entry.getValue()[0] / 1e6 / steps,
                    (double) entry.getValue()[1] / steps))
        .sorted(Comparator.comparingDouble(Part::millis).reversed())
        .toList();
  }

  private static Map<String, Double> methods(List<RecordedEvent> events, Steps steps) {
    Map<String, Integer> counts = new HashMap<>();
    int all = 0;
    for (RecordedEvent event : events) {
      if (isPart(event, SAMPLE) && event.getStackTrace() != null && steps.surround(event)) {
        List<RecordedFrame> frames = event.getStackTrace().getFrames();
        if (!frames.isEmpty()) {
          all++;
          counts.merge(name(frames.getFirst()), 1, Integer::sum);
        }
      }
    }
    int samples = all;
    Map<String, Double> shares = new LinkedHashMap<>();
    counts.entrySet().stream()
        .sorted(Map.Entry.<String, Integer>comparingByValue().reversed())
        .limit(METHODS)
        .forEach(entry -> shares.put(entry.getKey(), (double) entry.getValue() / samples));
    return shares;
  }

  private static String name(RecordedFrame frame) {
    String type = frame.getMethod().getType().getName();
    return type.substring(type.lastIndexOf('.') + 1) + "." + frame.getMethod().getName();
  }

  @Override
  public void close() {
    for (long pid : List.copyOf(recorded)) {
      try {
        String unused = Jcmd.run(pid, "JFR.stop", "name=" + NAME);
      } catch (IOException e) {
        // The service has ended, and its recording with it.
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
