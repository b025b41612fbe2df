package io.ltri.inference.tensor;

import io.ltri.inference.model.ModelFiles;
import io.ltri.inference.model.ModelSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/**
 * Where the compute time of a decode step and of a chunk goes, measured side by side: one round of
 * each way after the other, several rounds, smallest and median time; of the processor with one
 * thread, of the clock with several. Not a test; how to run it is said in docs/performance.md.
 */
public final class DecodeTimes {

  private static final int BAND = 256;
  private static final int CHUNK = 512;

  private static boolean oneThread;

  private DecodeTimes() {}

  private record Way(String name, Decoder decoder, Places places) {}

  private static final Map<String, List<Double>> TIMES = new LinkedHashMap<>();

  /**
   * @param arguments model file, threads, rounds, precisions separated by commas, numbers of
   *     resident tokens separated by commas, in how many rounds chunks are measured, too
   */
  public static void main(String[] arguments) {
    int threads = Integer.parseInt(arguments[1]);
    oneThread = threads == 1;
    int rounds = Integer.parseInt(arguments[2]);
    int chunks = Integer.parseInt(arguments[5]);
    int[] resident = Arrays.stream(arguments[4].split(",")).mapToInt(Integer::parseInt).toArray();
    try (ModelSource model = ModelFiles.open(Path.of(arguments[0]))) {
      DecoderShape shape = model.config().shape();
      List<Way> ways = new ArrayList<>();
      for (String name : arguments[3].split(",")) {
        Precision precision = Precision.valueOf(name.toUpperCase(Locale.ROOT));
        for (boolean stored : new boolean[] {false, true}) {
          Decoder decoder =
              Decoder.load(
                  shape,
                  model.weights(),
                  new DecoderSettings("cpu", precision, threads, stored, threads));
          String way = name + (stored ? ", weights as stored" : "");
          ways.add(new Way(way, decoder, Places.IN_SLOTS));
          System.out.println(way + ": " + decoder.mostTogether() + " sequences together");
        }
      }
      Map<Way, List<KvArena>> arenas = new LinkedHashMap<>();
      for (Way way : ways) {
        arenas.put(way, arenas(way, Arrays.stream(resident).max().orElseThrow() + CHUNK));
      }
      for (int round = -3; round < rounds; round++) {
        bandwidth(round);
        for (Way way : ways) {
          for (int tokens : resident) {
            decode(way, arenas.get(way), tokens, round);
          }
          if (round >= 0 && round < chunks) {
            for (int tokens : resident) {
              chunk(way, arenas.get(way), tokens, round);
            }
          }
        }
      }
      TIMES.forEach(
          (name, times) -> {
            double[] sorted = times.stream().mapToDouble(d -> d).sorted().toArray();
            System.out.printf(
                "%-60s min %8.2f  median %8.2f ms%n", name, sorted[0], sorted[sorted.length / 2]);
          });
    }
  }

  private static List<KvArena> arenas(Way way, int tokens) {
    List<KvArena> arenas = new ArrayList<>();
    Random random = new Random(1);
    for (int l = 0; l < way.decoder().shape().layers(); l++) {
      KvArena arena = way.decoder().newArena(tokens, StorageType.BF16);
      for (long i = 0; i < arena.keys().byteSize() / 4; i++) {
        arena.keys().setAtIndex(ValueLayout.JAVA_FLOAT, i, random.nextFloat() - 0.5f);
        arena.values().setAtIndex(ValueLayout.JAVA_FLOAT, i, random.nextFloat() - 0.5f);
      }
      arenas.add(arena);
    }
    return arenas;
  }

  private static void decode(Way way, List<KvArena> arenas, int tokens, int round) {
    String name = way.name() + ", " + tokens + " resident: ";
    long project = 0;
    long attend = 0;
    long start = now();
    try (Step step = way.decoder().begin(new int[] {1000 + round})) {
      for (int l = 0; l < arenas.size(); l++) {
        long before = now();
        step.project(l, arenas.get(l), tokens - 1);
        long between = now();
        step.attend(l, arenas.get(l), 0, tokens, way.places(), BAND, 64);
        project += between - before;
        attend += now() - between;
      }
      long before = now();
      var unused = step.logits();
      long end = now();
      add(name + "project", project, round);
      add(name + "attend and feed", attend, round);
      add(name + "logits", end - before, round);
      add(name + "step", end - start, round);
    }
  }

  private static void chunk(Way way, List<KvArena> arenas, int tokens, int round) {
    int[] ids = new int[CHUNK];
    Arrays.setAll(ids, i -> i * 7919 % 40_000);
    for (int band : new int[] {BAND, 0}) {
      long start = now();
      try (Step step = way.decoder().begin(ids)) {
        for (int l = 0; l < arenas.size(); l++) {
          step.project(l, arenas.get(l), tokens);
          step.attend(l, arenas.get(l), 0, tokens + CHUNK, way.places(), band, 64);
        }
      }
      add(
          way.name() + ", " + tokens + " resident: chunk of 512" + (band > 0 ? " with band" : ""),
          now() - start,
          round);
    }
  }

  /** One pass over 256 MiB by the tensor library, as fast as reading goes with these threads. */
  private static void bandwidth(int round) {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment from = arena.allocate(128L << 20, 64);
      MemorySegment to = arena.allocate(128L << 20, 64);
      to.copyFrom(from);
      long start = now();
      to.copyFrom(from);
      add("copying 128 MiB in one thread", now() - start, round);
    }
  }

  /**
   * With one thread the time for which it had a core, which others on the machine do not lengthen
   * but through cache and memory; with several the clock.
   */
  private static long now() {
    return oneThread
        ? ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime()
        : System.nanoTime();
  }

  private static void add(String name, long nanos, int round) {
    if (round >= 0) {
      TIMES.computeIfAbsent(name, unused -> new ArrayList<>()).add(nanos / 1e6);
    }
  }
}
