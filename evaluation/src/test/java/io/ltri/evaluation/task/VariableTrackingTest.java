package io.ltri.evaluation.task;

import static io.ltri.evaluation.task.Counting.OVERHEAD;
import static io.ltri.evaluation.task.Counting.TOKENS;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class VariableTrackingTest {
  private static final Pattern ASSIGNMENT =
      Pattern.compile("VAR ([A-Z]{5}) = (VAR ([A-Z]{5})|[1-9][0-9]{4})\\.");
  private static final Pattern ASKED = Pattern.compile("hold the value ([0-9]{5}) ");

  private final Task vt = new VariableTracking(TOKENS, OVERHEAD);

  /** Runs the assignments from top to bottom; an unknown variable is an error. */
  private static Map<String, String> run(String text) {
    Map<String, String> values = new HashMap<>();
    Matcher matcher = ASSIGNMENT.matcher(text);
    while (matcher.find()) {
      String source = matcher.group(3);
      String value = source == null ? matcher.group(2) : values.get(source);
      assertThat(value).as("value of " + source).isNotNull();
      values.put(matcher.group(1), value);
    }
    return values;
  }

  private static List<String> holding(String value, Map<String, String> values) {
    List<String> names = new ArrayList<>();
    values.forEach(
        (name, held) -> {
          if (held.equals(value)) {
            names.add(name);
          }
        });
    return names;
  }

  private static String asked(String question) {
    Matcher matcher = ASKED.matcher(question);
    assertThat(matcher.find()).isTrue();
    return matcher.group(1);
  }

  @Test
  void interpreterSolvesTheChain() {
    for (long seed = 0; seed < 30; seed++) {
      Sample sample = vt.sample(2500, Sample.NO_DEPTH, seed);
      Map<String, String> values = run(sample.document());
      assertThat(values).hasSize(10);
      assertThat(sample.references())
          .hasSize(5)
          .containsExactlyInAnyOrderElementsOf(holding(asked(sample.question()), values));
      assertThat(sample.answerPrefix())
          .contains("5 variables hold the value " + asked(sample.question()))
          .endsWith(":");
    }
  }

  @Test
  void eachVariableCopiesTheOneBeforeIt() {
    Sample sample = vt.sample(2500, Sample.NO_DEPTH, 6);
    String text = sample.document().substring(sample.document().indexOf("\n\nNow the text:"));
    Matcher matcher = ASSIGNMENT.matcher(text);
    for (int i = 0; i < 5; i++) {
      assertThat(matcher.find()).isTrue();
      assertThat(matcher.group(1)).isEqualTo(sample.references().get(i));
      String source = i == 0 ? asked(sample.question()) : "VAR " + sample.references().get(i - 1);
      assertThat(matcher.group(2)).isEqualTo(source);
    }
    assertThat(matcher.find()).isFalse();
  }

  @Test
  void exampleInFrontIsSolvedRightAndIsAnother() {
    Sample sample = vt.sample(4000, Sample.NO_DEPTH, 1);
    String example =
        sample
            .document()
            .substring(
                sample.document().indexOf("An example:\n"),
                sample.document().indexOf("\n\nNow the text:"));
    String answer = example.substring(example.indexOf("Answer: "));
    assertThat(Counting.count(example)).isBetween(400, 503);
    List<String> solution = holding(asked(example), run(example));
    assertThat(solution).hasSize(5).allMatch(answer::contains);
    assertThat(asked(example)).isNotEqualTo(asked(sample.question()));
    assertThat(sample.references()).doesNotContainAnyElementsOf(solution);
    Sample other = vt.sample(4000, Sample.NO_DEPTH, 2);
    assertThat(other.document()).doesNotContain(answer);
  }
}
