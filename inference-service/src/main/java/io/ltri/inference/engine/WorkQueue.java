package io.ltri.inference.engine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What waits for the compute thread, and what comes next. There are four kinds of work: short
 * tasks, decode steps, chunks of prompts, and chunks of documents that are read. Tasks, decode
 * steps and chunks take turns. All decode steps that wait go together, up to a limit, and a chunk
 * gets a slice at a time, half a layer (its attention, or what follows) or some, so an answer waits
 * for a slice and not for a chunk. Chunks of prompts and of readings alternate, and within each
 * kind the tenants do. Not for several threads at once.
 *
 * @param <P> a chunk or a decode step of one sequence
 */
final class WorkQueue<P extends WorkQueue.Pass> {

  /** Of a chunk: halves of layers times tokens that it gets in one turn, and one half at least. */
  static final int SLICE_TOKENS = 1_000;

  /** A chunk or a decode step of one sequence. */
  interface Pass {
    /** On whose behalf. */
    String tenant();

    /** Equal for passes of one sequence. */
    Object sequence();

    int tokens();

    /** Whether a document is read, and nobody waits for an answer. */
    boolean reads();

    /** Whether it can go on without waiting for the index. */
    boolean isReady();
  }

  /** What the compute thread does next. */
  sealed interface Work<P> {
    record Task<P>(Runnable task) implements Work<P> {}

    /** Decode steps that go together. */
    record Steps<P>(List<P> passes) implements Work<P> {}

    /** So many halves of layers of a chunk. */
    record Slice<P>(P pass, int halves) implements Work<P> {}
  }

  private enum Kind {
    TASK,
    STEPS,
    SLICE
  }

  /** Passes of tenants that take turns. */
  private static final class Lines<P extends Pass> {
    private final Map<String, Deque<P>> byTenant = new LinkedHashMap<>();
    private int size;

    void add(P pass) {
      byTenant.computeIfAbsent(pass.tenant(), tenant -> new ArrayDeque<>()).add(pass);
      size++;
    }

    /** The next that fits; its tenant is the last then. Null if none does. */
    @Nullable P take(Predicate<P> fits) {
      for (Map.Entry<String, Deque<P>> line : byTenant.entrySet()) {
        for (Iterator<P> passes = line.getValue().iterator(); passes.hasNext(); ) {
          P pass = passes.next();
          if (fits.test(pass)) {
            passes.remove();
            size--;
            Deque<P> rest = line.getValue();
            byTenant.remove(line.getKey());
            if (!rest.isEmpty()) {
              byTenant.put(pass.tenant(), rest);
            }
            return pass;
          }
        }
      }
      return null;
    }
  }

  private final Deque<Runnable> tasks = new ArrayDeque<>();
  private final Lines<P> steps = new Lines<>();
  private final Lines<P> prompts = new Lines<>();
  private final Lines<P> readings = new Lines<>();

  /** Sequences of the last decode steps whose next has not come yet. */
  private final Set<Object> expected = new HashSet<>();

  private int mostTogether = 1;
  private Kind last = Kind.SLICE;
  private boolean readingNext;

  /** How many decode steps may go together. */
  void mostTogether(int sequences) {
    mostTogether = sequences;
  }

  void add(Runnable task) {
    tasks.add(task);
  }

  /** A pass that is new, or a chunk that had its slice and is not at its end. */
  void add(P pass) {
    if (pass.tokens() == 1) {
      steps.add(pass);
      expected.remove(pass.sequence());
    } else if (pass.reads()) {
      readings.add(pass);
    } else {
      prompts.add(pass);
    }
  }

  /** The sequence has ended: its next decode step is not waited for. */
  void ended(Object sequence) {
    expected.remove(sequence);
  }

  /** Whether decode steps wait for others with which they went before. */
  boolean gathers() {
    return steps.size > 0 && !gathered();
  }

  private boolean gathered() {
    return expected.isEmpty() || steps.size >= mostTogether;
  }

  /** Whether chunks wait for the index. */
  boolean hasChunks() {
    return prompts.size + readings.size > 0;
  }

  boolean isEmpty() {
    return tasks.isEmpty() && steps.size == 0 && !hasChunks();
  }

  /**
   * @param stepsWait decode steps still wait for those with which they went before
   * @return null if nothing can be done at this moment
   */
  @Nullable Work<P> next(boolean stepsWait) {
    Kind[] kinds = Kind.values();
    for (int i = 1; i <= kinds.length; i++) {
      Kind kind = kinds[(last.ordinal() + i) % kinds.length];
      Work<P> work =
          switch (kind) {
            case TASK -> tasks.isEmpty() ? null : new Work.Task<>(tasks.remove());
            case STEPS -> steps.size == 0 || (stepsWait && !gathered()) ? null : together();
            case SLICE -> slice();
          };
      if (work != null) {
        last = kind;
        return work;
      }
    }
    return null;
  }

  private Work<P> together() {
    List<P> passes = new ArrayList<>();
    Set<Object> sequences = new HashSet<>();
    while (passes.size() < mostTogether) {
      P pass = steps.take(candidate -> !sequences.contains(candidate.sequence()));
      if (pass == null) {
        break;
      }
      passes.add(pass);
      sequences.add(pass.sequence());
    }
    expected.clear();
    expected.addAll(sequences);
    return new Work.Steps<>(passes);
  }

  private @Nullable Work<P> slice() {
    Lines<P> first = readingNext ? readings : prompts;
    Lines<P> second = readingNext ? prompts : readings;
    P pass = first.take(Pass::isReady);
    if (pass == null) {
      pass = second.take(Pass::isReady);
    }
    if (pass == null) {
      return null;
    }
    readingNext = !pass.reads();
    return new Work.Slice<>(pass, Math.max(1, SLICE_TOKENS / pass.tokens()));
  }
}
