package io.ltri.evaluation.task;

import static io.ltri.evaluation.task.Counting.OVERHEAD;
import static io.ltri.evaluation.task.Counting.TOKENS;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class CountingTasksTest {
  private static final Pattern ENTRY = Pattern.compile("(\\d+)\\. (\\S+)");

  private static Map<String, Integer> counted(String numberedList) {
    Map<String, Integer> counts = new HashMap<>();
    Matcher matcher = ENTRY.matcher(numberedList);
    int expected = 1;
    while (matcher.find()) {
      assertThat(matcher.group(1)).isEqualTo(Integer.toString(expected++));
      counts.merge(matcher.group(2), 1, Integer::sum);
    }
    return counts;
  }

  @Test
  void commonWordsComeThirtyTimesAndOthersThree() {
    Task cwe = new CommonWords(TOKENS, OVERHEAD);
    for (int length : new int[] {2000, 30_000}) {
      Sample sample = cwe.sample(length, Sample.NO_DEPTH, 4);
      String list = sample.document().substring(sample.document().indexOf("Now the list:\n"));
      Map<String, Integer> counts = counted(list);
      assertThat(sample.references()).hasSize(10).allMatch(word -> counts.get(word) == 30);
      counts.keySet().removeAll(sample.references());
      assertThat(counts).isNotEmpty().allSatisfy((word, count) -> assertThat(count).isEqualTo(3));
    }
  }

  @Test
  void commonWordsAreShownOnASolvedExampleOfOtherWords() {
    Sample sample = new CommonWords(TOKENS, OVERHEAD).sample(2000, Sample.NO_DEPTH, 4);
    String document = sample.document();
    String example =
        document.substring(document.indexOf("An example:\n"), document.indexOf("\nQuestion: "));
    String answer =
        document.substring(document.indexOf("\nAnswer: "), document.indexOf("\n\nNow the list:\n"));
    Map<String, Integer> counts = counted(example);
    assertThat(counts).hasSize(40);
    List<String> common = counts.keySet().stream().filter(word -> counts.get(word) == 10).toList();
    assertThat(common)
        .hasSize(10)
        .allMatch(word -> answer.matches("(?s).*\\d\\. " + word + "\\b.*"));
    assertThat(counts.values().stream().filter(count -> count == 3)).hasSize(30);
    assertThat(sample.references()).doesNotContainAnyElementsOf(counts.keySet());
  }

  @Test
  void frequentWordsAreTheThreeMostFrequentAfterTheDots() {
    Task fwe = new FrequentWords(TOKENS, OVERHEAD);
    for (int length : new int[] {1000, 4000, 30_000}) {
      for (long seed = 0; seed < 5; seed++) {
        Sample sample = fwe.sample(length, Sample.NO_DEPTH, seed);
        String text = sample.document().substring(sample.document().indexOf('\n') + 1);
        Map<String, Integer> counts = new HashMap<>();
        Arrays.stream(text.split(" ")).forEach(word -> counts.merge(word, 1, Integer::sum));
        List<String> ranked =
            counts.keySet().stream()
                .sorted(Comparator.comparing((String word) -> -counts.get(word)))
                .toList();
        assertThat(ranked.getFirst()).isEqualTo("...");
        assertThat(sample.references()).containsExactlyElementsOf(ranked.subList(1, 4));
        assertThat(counts.get(ranked.get(3))).isGreaterThan(counts.get(ranked.get(4)));
        assertThat(ranked.subList(1, ranked.size())).allMatch(word -> word.matches("[a-z]{6}"));
        // n / (zeta(2) k^2): the word of rank 2 comes a quarter as often as the dots.
        assertThat(counts.get(ranked.get(1)) / (double) counts.get("...")).isBetween(0.23, 0.26);
        assertThat(ranked.size()).isLessThanOrEqualTo(length / 50);
      }
    }
  }
}
