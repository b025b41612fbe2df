package io.ltri.index.search;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SmallestTest {

  private static final int ROUNDS = 300;

  @Test
  void partByPartIsWhatSortingGives() {
    SplittableRandom random = new SplittableRandom(3);
    for (int round = 0; round < ROUNDS; round++) {
      int count = random.nextInt(1, 700);
      // Few values, so that there are equal ones, or many.
      long values = round % 2 == 0 ? 1 + random.nextInt(20) : Long.MAX_VALUE;
      long[] numbers = random.longs(count, -values, values).toArray();
      if (round % 3 == 0) {
        Arrays.sort(numbers);
      }
      long[] sorted = numbers.clone();
      Arrays.sort(sorted);

      int from = 0;
      while (from < count) {
        int to = Math.min(count, from + 1 + random.nextInt(200));
        Smallest.first(numbers, from, to);
        assertThat(Arrays.copyOf(numbers, to))
            .as("round %d, %d to %d of %d", round, from, to, count)
            .isEqualTo(Arrays.copyOf(sorted, to));
        from = to;
      }
    }
  }
}
