package io.ltri.evaluation.task;

import static io.ltri.evaluation.task.Counting.HAYSTACK;
import static io.ltri.evaluation.task.Counting.OVERHEAD;
import static io.ltri.evaluation.task.Counting.TOKENS;
import static io.ltri.evaluation.task.Counting.count;
import static io.ltri.evaluation.task.Counting.occurrences;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.evaluation.text.Haystack;
import io.ltri.evaluation.text.Noise;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class NeedleGridTest {
  private static final Pattern NEEDLE =
      Pattern.compile("The special magic number of ([A-Z][a-z]+) is ([1-9][0-9]{6})\\.");
  private static final int LONGEST_SENTENCE =
      HAYSTACK.sentences().stream().mapToInt(Haystack.Sentence::words).max().orElseThrow();

  private final Task niah = new NeedleGrid(HAYSTACK, TOKENS, OVERHEAD);

  @Test
  void needleStandsOnceJustAfterASentenceEndAtTheWantedShare() {
    for (double depth : new double[] {0, 10, 33, 50, 90, 99, 100}) {
      for (long seed = 0; seed < 10; seed++) {
        Sample sample = niah.sample(2000, depth, seed);
        List<MatchResult> found = NEEDLE.matcher(sample.document()).results().toList();
        assertThat(found).hasSize(1);
        MatchResult needle = found.getFirst();
        assertThat(sample.references()).containsExactly(needle.group(2));
        assertThat(sample.question()).contains(needle.group(1));
        assertThat(occurrences(sample.document(), needle.group(1))).isEqualTo(1);
        String before = sample.document().substring(0, needle.start()).strip();
        String after = sample.document().substring(needle.end()).strip();
        if (!before.isEmpty()) {
          assertThat(before).endsWith(".");
        }
        double wanted = (count(before) + count(after)) * depth / 100;
        assertThat((double) count(before)).isBetween(wanted - LONGEST_SENTENCE, wanted);
        assertThat(sample.depth()).isEqualTo(depth);
      }
    }
  }

  @Test
  void depthsAtTheEdgesAreTheVeryEdges() {
    assertThat(niah.sample(2000, 0, 1).document()).startsWith("The special magic number of ");
    assertThat(niah.sample(2000, 100, 1).document()).containsPattern(NEEDLE.pattern() + "$");
  }

  @Test
  void withoutAWantedDepthOneIsDrawn() {
    Set<Double> drawn = new HashSet<>();
    for (long seed = 0; seed < 30; seed++) {
      Sample sample = niah.sample(1000, Sample.NO_DEPTH, seed);
      assertThat(sample.depth()).isBetween(0.0, 100.0);
      drawn.add(sample.depth());
    }
    assertThat(drawn).hasSizeGreaterThan(15);
  }

  @Test
  void depthIsPartOfTheIdAndOutsideOfTheGridIsRefused() {
    assertThat(niah.sample(1000, 50, 1).id()).isEqualTo("niah-1000-d50-s1");
    assertThat(niah.sample(1000, 12.5, 1).id()).isEqualTo("niah-1000-d12.5-s1");
    assertThat(niah.sample(1000, Sample.NO_DEPTH, 1).id()).isEqualTo("niah-1000-s1");
    assertThatThrownBy(() -> niah.sample(1000, 101, 1)).hasMessageContaining("101");
    assertThatThrownBy(() -> niah.sample(1000, Double.NaN, 1)).hasMessageContaining("NaN");
  }

  @Test
  void cityThatTheHaystackNamesIsNotDrawn() {
    Task own =
        new NeedleGrid(Haystack.of(String.join(". ", withoutOslo()) + "."), TOKENS, OVERHEAD);
    for (long seed = 0; seed < 5; seed++) {
      assertThat(own.sample(400, 50, seed).question()).contains("Oslo");
    }
  }

  private static List<String> withoutOslo() {
    return io.ltri.evaluation.text.Words.cities().stream()
        .filter(city -> !city.equals("Oslo"))
        .toList();
  }

  @Test
  void passkeyAndNumberStandOnOneLineOfTheNoiseAtTheWantedDepth() {
    for (Task task : List.of(Passkey.passkey(TOKENS, OVERHEAD), Passkey.number(TOKENS, OVERHEAD))) {
      for (double depth : new double[] {0, 25, 50, 100}) {
        Sample sample = task.sample(2000, depth, 3);
        String value = sample.references().getFirst();
        List<String> lines = sample.document().lines().skip(1).toList();
        List<String> with = lines.stream().filter(line -> line.contains(value)).toList();
        assertThat(with).hasSize(1);
        assertThat(lines.indexOf(with.getFirst()))
            .isEqualTo((int) ((lines.size() - 1) * depth / 100));
        assertThat(lines.stream().filter(line -> !line.contains(value)).skip(1).limit(10))
            .allMatch(String.join(" ", Noise.SENTENCES)::equals);
      }
    }
  }

  @Test
  void passkeyHasFiveDigitsAndNumberTenInRuns() {
    boolean hasRun = true;
    for (long seed = 0; seed < 20; seed++) {
      assertThat(Passkey.passkey(TOKENS, OVERHEAD).sample(500, 50, seed).references().getFirst())
          .matches("[1-9][0-9]{4}");
      String number =
          Passkey.number(TOKENS, OVERHEAD).sample(500, 50, seed).references().getFirst();
      assertThat(number).matches("[1-9]{10}");
      hasRun &= Pattern.compile("(.)\\1").matcher(number).find();
    }
    assertThat(hasRun).isTrue();
  }
}
