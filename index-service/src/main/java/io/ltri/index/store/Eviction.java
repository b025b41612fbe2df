package io.ltri.index.store;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Chooses the documents that are removed when room is needed: those that have been idle for long
 * and are cheap to build again. A document's worth per byte is the time that building it took,
 * divided by its bytes and by how long ago it was last used.
 */
final class Eviction {

  /** Of documents whose building time is not known, about that of a small model on a CPU. */
  private static final double UNKNOWN_COST_MILLIS_PER_BYTE = 1.0 / 4096;

  private Eviction() {}

  /**
   * A document that may go.
   *
   * @param bytes real bytes on the disk
   * @param idleMillis since its last use
   * @param buildMillis 0: unknown
   */
  record Candidate(String id, long bytes, long idleMillis, long buildMillis) {

    double worth() {
      double cost =
          buildMillis > 0
              ? (double) buildMillis / Math.max(1, bytes)
              : UNKNOWN_COST_MILLIS_PER_BYTE;
      return cost / (1.0 + Math.max(0, idleMillis));
    }
  }

  /**
   * The least worthy that have at least {@code missing} bytes together, in the order in which they
   * go; none at all when all of them would not be enough, so that none goes in vain.
   */
  static List<Candidate> choose(List<Candidate> candidates, long missing) {
    List<Candidate> chosen = new ArrayList<>();
    long bytes = 0;
    List<Candidate> byWorth =
        candidates.stream()
            .sorted(Comparator.comparingDouble(Candidate::worth).thenComparing(Candidate::id))
            .toList();
    for (Candidate candidate : byWorth) {
      if (bytes >= missing) {
        break;
      }
      chosen.add(candidate);
      bytes += candidate.bytes;
    }
    if (bytes < missing) {
      return List.of();
    }
    // A large one that came last may make smaller ones before it needless: the worthiest of those
    // stay.
    for (int i = chosen.size() - 1; i >= 0; i--) {
      if (bytes - chosen.get(i).bytes >= missing) {
        bytes -= chosen.remove(i).bytes;
      }
    }
    return List.copyOf(chosen);
  }
}
