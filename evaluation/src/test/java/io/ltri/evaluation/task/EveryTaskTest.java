package io.ltri.evaluation.task;

import static io.ltri.evaluation.task.Counting.HAYSTACK;
import static io.ltri.evaluation.task.Counting.OVERHEAD;
import static io.ltri.evaluation.task.Counting.TOKENS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds for each synthetic task. */
class EveryTaskTest {

  static Stream<Named> tasks() {
    List<Task> tasks = new ArrayList<>(RulerNeedles.all(HAYSTACK, TOKENS, OVERHEAD));
    tasks.add(new VariableTracking(TOKENS, OVERHEAD));
    tasks.add(new CommonWords(TOKENS, OVERHEAD));
    tasks.add(new FrequentWords(TOKENS, OVERHEAD));
    tasks.add(new NeedleGrid(HAYSTACK, TOKENS, OVERHEAD));
    tasks.add(Passkey.passkey(TOKENS, OVERHEAD));
    tasks.add(Passkey.number(TOKENS, OVERHEAD));
    tasks.add(new PlantedFacts(HAYSTACK, TOKENS, OVERHEAD));
    return tasks.stream().map(Named::new);
  }

  record Named(Task task) {
    @Override
    public String toString() {
      return task.name();
    }
  }

  @ParameterizedTest
  @MethodSource("tasks")
  void lengthIsKeptAndNearlyUsedUp(Named named) {
    for (int length : new int[] {2000, 4096, 20_000}) {
      for (long seed = 0; seed < 3; seed++) {
        Sample sample = named.task().sample(length, Sample.NO_DEPTH, seed);
        assertThat(Counting.total(sample)).isBetween((int) (0.98 * length), length);
        assertThat(sample.length()).isEqualTo(length);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("tasks")
  void seedDecidesTheSample(Named named) {
    Sample first = named.task().sample(3000, Sample.NO_DEPTH, 5);
    assertThat(named.task().sample(3000, Sample.NO_DEPTH, 5)).isEqualTo(first);
    Sample other = named.task().sample(3000, Sample.NO_DEPTH, 8);
    assertThat(other.references()).isNotEqualTo(first.references());
    assertThat(other.document()).isNotEqualTo(first.document());
    assertThat(other.id()).isNotEqualTo(first.id());
    assertThat(first.task()).isEqualTo(named.task().name());
    assertThat(first.seed()).isEqualTo(5);
    assertThat(first.id()).startsWith(named.task().name());
  }

  @ParameterizedTest
  @MethodSource("tasks")
  void referencesStandInTheDocumentAndNotInTheQuestion(Named named) {
    for (long seed = 0; seed < 20; seed++) {
      Sample sample = named.task().sample(2500, Sample.NO_DEPTH, seed);
      assertThat(sample.references()).isNotEmpty().doesNotHaveDuplicates();
      for (String reference : sample.references()) {
        assertThat(sample.document()).contains(reference);
        assertThat(sample.question()).doesNotContain(reference);
        assertThat(sample.answerPrefix()).doesNotContain(reference);
      }
      assertThat(sample.answerPrefix()).isEqualTo(sample.answerPrefix().strip());
    }
  }

  @ParameterizedTest
  @MethodSource("tasks")
  void lengthThatNothingFitsIntoIsRefused(Named named) {
    assertThatThrownBy(() -> named.task().sample(60, Sample.NO_DEPTH, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("60 tokens are too few for " + named.task().name());
  }
}
