package io.ltri.evaluation.task;

import static io.ltri.evaluation.task.Counting.HAYSTACK;
import static io.ltri.evaluation.task.Counting.OVERHEAD;
import static io.ltri.evaluation.task.Counting.TOKENS;
import static io.ltri.evaluation.task.Counting.occurrences;
import static org.assertj.core.api.Assertions.assertThat;

import io.ltri.evaluation.text.Haystack;
import io.ltri.evaluation.text.Noise;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RulerNeedlesTest {
  private static final Pattern NEEDLE =
      Pattern.compile("One special magic (number|uuid) for (\\S+) is (\\S+)\\.");
  private static final Map<String, Task> TASKS =
      RulerNeedles.all(HAYSTACK, TOKENS, OVERHEAD).stream()
          .collect(Collectors.toMap(Task::name, Function.identity()));

  private static Sample sample(String name, int length, long seed) {
    return TASKS.get(name).sample(length, Sample.NO_DEPTH, seed);
  }

  private static List<MatchResult> needles(Sample sample) {
    return NEEDLE.matcher(sample.document()).results().toList();
  }

  /** The document without its opening line. */
  private static String context(Sample sample) {
    return sample.document().substring(sample.document().indexOf('\n') + 1);
  }

  @Test
  void namesAreThoseOfRuler() {
    assertThat(TASKS)
        .containsOnlyKeys(
            "niah_single_1",
            "niah_single_2",
            "niah_single_3",
            "niah_multikey_1",
            "niah_multikey_2",
            "niah_multikey_3",
            "niah_multivalue",
            "niah_multiquery");
  }

  @Test
  void keysAndValuesHaveTheShapeOfTheTask() {
    for (String name : TASKS.keySet()) {
      Sample sample = sample(name, 2000, 3);
      boolean uuidKeys = name.equals("niah_multikey_3");
      boolean uuidValues = uuidKeys || name.equals("niah_single_3");
      String uuid = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
      assertThat(needles(sample)).isNotEmpty();
      for (MatchResult needle : needles(sample)) {
        assertThat(needle.group(1)).isEqualTo(uuidValues ? "uuid" : "number");
        assertThat(needle.group(2)).matches(uuidKeys ? uuid : "[a-z]+-[a-z]+");
        assertThat(needle.group(3)).matches(uuidValues ? uuid : "[1-9][0-9]{6}");
      }
      assertThat(sample.match()).isEqualTo(Match.ALL);
      assertThat(sample.maxTokens()).isEqualTo(128);
    }
  }

  @Test
  void countsOfNeedlesKeysAndQueriesAreThoseOfTheTask() {
    Map<String, List<Integer>> expected =
        Map.of(
            "niah_single_1", List.of(1, 1, 1),
            "niah_single_2", List.of(1, 1, 1),
            "niah_single_3", List.of(1, 1, 1),
            "niah_multikey_1", List.of(4, 4, 1),
            "niah_multivalue", List.of(4, 1, 4),
            "niah_multiquery", List.of(4, 4, 4));
    expected.forEach(
        (name, counts) -> {
          for (long seed = 0; seed < 30; seed++) {
            Sample sample = sample(name, 2000, seed);
            List<MatchResult> needles = needles(sample);
            assertThat(needles).as(name).hasSize(counts.get(0));
            Set<String> keys = new HashSet<>();
            needles.forEach(needle -> keys.add(needle.group(2)));
            assertThat(keys).hasSize(counts.get(1));
            assertThat(sample.references()).hasSize(counts.get(2)).doesNotHaveDuplicates();
          }
        });
  }

  @Test
  void aReaderWhoLooksUpTheQueriedKeysFindsTheReferences() {
    for (String name : TASKS.keySet()) {
      for (long seed = 0; seed < 10; seed++) {
        Sample sample = sample(name, 3000, seed);
        List<String> found = new ArrayList<>();
        Set<String> asked = new HashSet<>();
        for (MatchResult needle : needles(sample)) {
          if (sample.question().contains(" " + needle.group(2) + " ")
              || sample.question().contains(" " + needle.group(2) + ",")) {
            found.add(needle.group(3));
            asked.add(needle.group(2));
          }
        }
        assertThat(found).as(name).containsExactlyInAnyOrderElementsOf(sample.references());
        assertThat(asked).hasSize(name.equals("niah_multiquery") ? 4 : 1);
        for (String key : asked) {
          assertThat(sample.answerPrefix()).contains(key);
        }
      }
    }
  }

  @Test
  void eachNeedleStandsOnce() {
    for (String name : TASKS.keySet()) {
      Sample sample = sample(name, 3000, 4);
      for (String reference : sample.references()) {
        assertThat(occurrences(sample.document(), reference)).as(name).isEqualTo(1);
      }
    }
  }

  @Test
  void wordingIsSingularForOneAnswerAndPluralOtherwise() {
    for (String name : TASKS.keySet()) {
      Sample sample = sample(name, 2000, 1);
      String opening = sample.document().lines().findFirst().orElseThrow();
      String all = opening + " " + sample.question() + " " + sample.answerPrefix();
      if (Set.of("niah_multivalue", "niah_multiquery").contains(name)) {
        assertThat(opening).contains("magic numbers").contains("them");
        assertThat(sample.question()).contains("all the special magic numbers");
        assertThat(sample.answerPrefix()).contains("magic numbers").endsWith(" are");
      } else {
        assertThat(all).doesNotContain("numbers").doesNotContain("uuids").doesNotContain("them");
        assertThat(opening).contains(" a special magic ");
        assertThat(sample.answerPrefix()).endsWith(" is");
      }
    }
  }

  @Test
  void severalQueriesAreJoinedByCommasAndAnd() {
    assertThat(sample("niah_multiquery", 2000, 1).question())
        .containsPattern("for [a-z]+-[a-z]+, [a-z]+-[a-z]+, [a-z]+-[a-z]+, and [a-z]+-[a-z]+ that");
  }

  @Test
  void noiseIsTheFillerLineAndNothingElse() {
    String filler = String.join(" ", Noise.SENTENCES);
    List<String> lines = context(sample("niah_single_1", 2000, 1)).lines().toList();
    assertThat(lines.stream().filter(line -> NEEDLE.matcher(line).matches())).hasSize(1);
    assertThat(lines.subList(0, lines.size() - 1))
        .allMatch(line -> NEEDLE.matcher(line).matches() || line.equals(filler));
    assertThat(filler).startsWith(lines.getLast());
  }

  @Test
  void haystackOfNeedlesHasNothingElseAndNoKeyOrValueOfTheAnswerTwice() {
    for (String name : List.of("niah_multikey_2", "niah_multikey_3")) {
      Sample sample = sample(name, 3000, 2);
      assertThat(context(sample).lines()).allMatch(line -> NEEDLE.matcher(line).matches());
      String value = sample.references().getFirst();
      String key =
          needles(sample).stream()
              .filter(needle -> needle.group(3).equals(value))
              .map(needle -> needle.group(2))
              .findFirst()
              .orElseThrow();
      assertThat(occurrences(sample.document(), " " + key + " ")).isEqualTo(1);
      assertThat(needles(sample).size()).isGreaterThan(100);
    }
  }

  @Test
  void needleInProseStandsBehindTheSentenceOfItsDepth() {
    Set<Integer> depths =
        IntStream.range(0, 40)
            .map(i -> (int) Math.rint(i * 100.0 / 39))
            .boxed()
            .collect(Collectors.toSet());
    Map<Double, Integer> seen = new HashMap<>();
    for (long seed = 0; seed < 200; seed++) {
      Sample sample = sample("niah_single_2", 1500, seed);
      MatchResult needle = needles(sample).getFirst();
      String context = context(sample);
      int at = needle.start() - (sample.document().length() - context.length());
      String before = context.substring(0, at).strip();
      String after = context.substring(at + needle.group().length()).strip();
      int sentencesBefore = before.isEmpty() ? 0 : Haystack.of(before).sentences().size();
      int sentencesAfter = after.isEmpty() ? 0 : Haystack.of(after).sentences().size();
      int all = sentencesBefore + sentencesAfter;
      assertThat(depths).contains((int) sample.depth());
      assertThat(sentencesBefore).isEqualTo((int) (all * (sample.depth() / 100)));
      seen.merge(sample.depth(), 1, Integer::sum);
    }
    assertThat(seen).hasSizeGreaterThan(30).containsKeys(0.0, 100.0);
  }

  @Test
  void depthOfSeveralNeedlesIsNotClaimed() {
    assertThat(sample("niah_multikey_1", 2000, 1).depth()).isEqualTo(Sample.NO_DEPTH);
    assertThat(sample("niah_multivalue", 2000, 1).depth()).isEqualTo(Sample.NO_DEPTH);
    assertThat(sample("niah_multiquery", 2000, 1).depth()).isEqualTo(Sample.NO_DEPTH);
  }

  @Test
  void needlesOfOneSampleStandAtDifferentPlaces() {
    for (long seed = 0; seed < 50; seed++) {
      List<MatchResult> needles = needles(sample("niah_multiquery", 4000, seed));
      for (int i = 1; i < needles.size(); i++) {
        assertThat(needles.get(i).start()).isGreaterThan(needles.get(i - 1).end() + 1);
      }
    }
  }
}
