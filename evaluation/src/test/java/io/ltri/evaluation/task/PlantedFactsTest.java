package io.ltri.evaluation.task;

import static io.ltri.evaluation.task.Counting.HAYSTACK;
import static io.ltri.evaluation.task.Counting.OVERHEAD;
import static io.ltri.evaluation.task.Counting.TOKENS;
import static io.ltri.evaluation.task.Counting.count;
import static io.ltri.evaluation.task.Counting.occurrences;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class PlantedFactsTest {
  private final Task planted = new PlantedFacts(HAYSTACK, TOKENS, OVERHEAD);

  @Test
  void threeSeedsShareADocumentAndAskForCodeNumberAndPlace() {
    for (long first : new long[] {0, 3, 30, -3}) {
      List<Sample> samples =
          LongStream.range(first, first + 3)
              .mapToObj(seed -> planted.sample(2000, Sample.NO_DEPTH, seed))
              .toList();
      assertThat(samples.get(0).question()).startsWith("What is the access code of the ");
      assertThat(samples.get(0).references().getFirst()).matches("[1-9][0-9]{6}");
      assertThat(samples.get(1).question()).startsWith("What is the number of ");
      assertThat(samples.get(1).references().getFirst()).matches("[1-9][0-9]{3}");
      assertThat(samples.get(2).question()).startsWith("What is the birthplace of ");
      assertThat(samples.get(2).references().getFirst()).matches("[A-Z][a-z]+ [A-Z][a-z]+");
      assertThat(samples.stream().map(Sample::id)).doesNotHaveDuplicates();
      for (Sample sample : samples) {
        assertThat(sample.document()).isEqualTo(samples.getFirst().document());
        assertThat(Counting.total(sample)).isBetween(1960, 2000);
        assertThat(sample.answerPrefix()).isEmpty();
      }
    }
    assertThat(planted.sample(2000, Sample.NO_DEPTH, 3).document())
        .isNotEqualTo(planted.sample(2000, Sample.NO_DEPTH, 2).document());
  }

  @Test
  void answerAndItsSentenceStandOnceBehindASentenceEndAtTheDepth() {
    for (double wanted : new double[] {Sample.NO_DEPTH, 0, 20, 50, 85, 100}) {
      for (long seed = 0; seed < 12; seed++) {
        Sample sample = planted.sample(3000, wanted, seed);
        String answer = sample.references().getFirst();
        assertThat(occurrences(sample.document(), answer)).isEqualTo(1);
        String subject =
            sample.question().substring("What is the ".length(), sample.question().length() - 1);
        String sentence = "The " + subject + " is " + answer + ".";
        assertThat(occurrences(sample.document(), sentence)).isEqualTo(1);
        String before = sample.document().substring(0, sample.document().indexOf(sentence)).strip();
        if (!before.isEmpty()) {
          assertThat(before).endsWith(".");
        }
        assertThat(100.0 * count(before) / count(sample.document()))
            .isBetween(sample.depth() - 2, sample.depth() + 2);
        if (wanted == Sample.NO_DEPTH) {
          assertThat(sample.depth()).isBetween(5.0, 85.0);
        } else {
          assertThat(sample.depth()).isEqualTo(wanted);
        }
      }
    }
  }
}
