package io.ltri.evaluation.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DrawTest {

  @Test
  void sameArgumentsGiveTheSameDrawsAndEachArgumentCounts() {
    Set<String> first = new HashSet<>();
    first.add(Draw.of("a", 1, 2).digits(9));
    first.add(Draw.of("a", 1, 2).digits(9));
    assertThat(first).hasSize(1);
    first.add(Draw.of("b", 1, 2).digits(9));
    first.add(Draw.of("a", 2, 2).digits(9));
    first.add(Draw.of("a", 1, 3).digits(9));
    first.add(Draw.of("a", 2, 1).digits(9));
    assertThat(first).hasSize(5);
  }

  @Test
  void uuidsAreOfVersionFour() {
    Draw draw = Draw.of("uuid", 1);
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < 1000; i++) {
      String text = draw.uuid();
      UUID uuid = UUID.fromString(text);
      assertThat(uuid.version()).isEqualTo(4);
      assertThat(uuid.variant()).isEqualTo(2);
      seen.add(text);
    }
    assertThat(seen).hasSize(1000);
  }

  @Test
  void digitsHaveTheirLength() {
    Draw draw = Draw.of("digits", 1);
    for (int i = 0; i < 1000; i++) {
      assertThat(draw.digits(7)).matches("[1-9][0-9]{6}");
    }
  }

  @Test
  void someOfDrawsNoPositionTwice() {
    List<Integer> numbers = IntStream.range(0, 40).boxed().toList();
    Draw draw = Draw.of("some", 1);
    for (int i = 0; i < 200; i++) {
      assertThat(draw.someOf(numbers, 5)).hasSize(5).doesNotHaveDuplicates();
    }
    assertThatThrownBy(() -> draw.someOf(numbers, 41)).hasMessageContaining("41");
  }

  @Test
  void distinctGivesUpWhenTheValuesAreUsedUp() {
    Draw draw = Draw.of("few", 1);
    assertThat(Draw.distinct(9, () -> draw.digits(1), value -> true)).doesNotHaveDuplicates();
    assertThatThrownBy(() -> Draw.distinct(10, () -> draw.digits(1), value -> true))
        .isInstanceOf(IllegalStateException.class);
  }
}
