package io.ltri.inference.attention;

import java.util.Comparator;
import java.util.PriorityQueue;

/** The places of the largest of many scores. */
final class LargestFirst {

  private LargestFirst() {}

  /**
   * @param count of the scores, from the first, that are looked at
   * @param most how many places; all if there are fewer
   * @return ascending; of equal scores the earlier ones
   */
  static int[] places(float[] scores, int count, int most) {
    Comparator<Integer> worstFirst =
        Comparator.<Integer>comparingDouble(i -> scores[i])
            .thenComparing(Comparator.reverseOrder());
    PriorityQueue<Integer> kept = new PriorityQueue<>(Math.max(1, most), worstFirst);
    for (int i = 0; i < count && most > 0; i++) {
      if (kept.size() < most) {
        kept.add(i);
      } else if (scores[i] > scores[kept.element()]) {
        Integer unused = kept.remove();
        kept.add(i);
      }
    }
    return kept.stream().mapToInt(Integer::intValue).sorted().toArray();
  }
}
