package io.ltri.client.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class ClusterLoadTest {

  private static final long SECOND = 1_000_000_000;

  /** Two a second, but one a second between the tenth and the fifteenth second. */
  private static final List<Long> TIMES =
      LongStream.range(0, 40)
          .filter(i -> i < 20 || i >= 30 || i % 2 == 0)
          .map(i -> i * SECOND / 2)
          .boxed()
          .toList();

  @Test
  void theSlowestStretchIsTheOneWithTheFewestTokens() {
    assertThat(ClusterLoad.slowestRate(TIMES, 0, 20 * SECOND, 5)).isEqualTo(1);
    assertThat(ClusterLoad.slowestRate(TIMES, 0, 10 * SECOND, 5)).isEqualTo(2);
    assertThat(ClusterLoad.slowestRate(TIMES, 15 * SECOND, 20 * SECOND, 5)).isEqualTo(2);
  }

  @Test
  void aStretchThatIsNotOverYetIsNotJudged() {
    assertThatThrownBy(() -> ClusterLoad.slowestRate(TIMES, 17 * SECOND, 20 * SECOND, 5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("3.0 s");
  }
}
