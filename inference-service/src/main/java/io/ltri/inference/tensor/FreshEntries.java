package io.ltri.inference.tensor;

import java.util.Arrays;
import java.util.BitSet;

/** Which entries of a copy hold what the original has now. */
final class FreshEntries {

  private final BitSet fresh = new BitSet();

  /** Entries [from, from + count) of the original are not what they were. */
  void changed(int from, int count) {
    fresh.clear(from, from + count);
  }

  /**
   * The runs of entries in [from, from + count) that are out of date, which the caller brings up to
   * date.
   *
   * @return first and count of each
   */
  int[] takeStale(int from, int count) {
    int end = from + count;
    int[] runs = new int[2];
    int used = 0;
    for (int first = fresh.nextClearBit(from); first < end; ) {
      int next = fresh.nextSetBit(first);
      int stop = next < 0 ? end : Math.min(next, end);
      if (used == runs.length) {
        runs = Arrays.copyOf(runs, 2 * runs.length);
      }
      runs[used++] = first;
      runs[used++] = stop - first;
      first = fresh.nextClearBit(stop);
    }
    fresh.set(from, end);
    return Arrays.copyOf(runs, used);
  }
}
