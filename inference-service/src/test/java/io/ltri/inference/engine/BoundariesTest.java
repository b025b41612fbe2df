package io.ltri.inference.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class BoundariesTest {

  @Test
  void theyAreEvenlySpacedAndAtMostSoManyHoweverLongTheText() {
    // A checkpoint is made at the end of the chunk in which 100 tokens are reached.
    Boundaries boundaries = Boundaries.of(64, 100, 32, 4);
    assertThat(boundaries.keptAfter(64 + 127)).isEmpty();
    assertThat(boundaries.keptAfter(64 + 3 * 128)).containsExactly(192L, 320L, 448L);
    Set<Long> before = new TreeSet<>();
    for (int checkpoint = 1; checkpoint < 100; checkpoint++) {
      long now = 64 + 128L * checkpoint;
      Set<Long> kept = boundaries.keptAfter(now);
      assertThat(kept).hasSizeLessThanOrEqualTo(4);
      assertThat(kept.size()).isGreaterThanOrEqualTo(Math.min(2, checkpoint));
      // One that went does not come back.
      before.add(now);
      assertThat(before).containsAll(kept);
      before.retainAll(kept);
    }
    assertThat(Boundaries.of(0, 0, 32, 4).keptAfter(1000)).isEmpty();
    assertThat(Boundaries.of(0, 100, 32, 0).keptAfter(1000)).isEmpty();
  }
}
