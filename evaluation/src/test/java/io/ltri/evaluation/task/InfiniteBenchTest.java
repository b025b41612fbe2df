package io.ltri.evaluation.task;

import static io.ltri.evaluation.task.Counting.OVERHEAD;
import static io.ltri.evaluation.task.Counting.TOKENS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.Gson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InfiniteBenchTest {
  private static final List<String> OPTIONS = List.of("one", "two", "three", "four");

  @TempDir Path folder;

  private static String line(
      Object id, String context, String input, Object answer, List<String> options) {
    return new Gson()
        .toJson(
            Map.of(
                "id", id, "context", context, "input", input, "answer", answer, "options",
                options));
  }

  private InfiniteBench task(String name, String... lines) throws IOException {
    Files.writeString(folder.resolve(name + ".jsonl"), String.join("\n", lines) + "\n");
    List<InfiniteBench> tasks = InfiniteBench.in(folder, TOKENS, OVERHEAD);
    assertThat(tasks).hasSize(1);
    assertThat(tasks.getFirst().name()).isEqualTo("infinitebench_" + name);
    return tasks.getFirst();
  }

  private Sample only(String name, String input, Object answer, List<String> options)
      throws IOException {
    return task(name, line(0, "The context.", input, answer, options))
        .sample(40_000, Sample.NO_DEPTH, 0);
  }

  @Test
  void folderWithoutFilesIsRefused() {
    assertThatThrownBy(() -> InfiniteBench.in(folder, TOKENS, OVERHEAD))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("longbook_qa_eng.jsonl");
  }

  @Test
  void linesAreCountedAndSeedsGoAround() throws IOException {
    InfiniteBench task =
        task(
            "longbook_qa_eng",
            line(0, "Buch über Öl.", "First?", List.of("a", "b"), List.of()),
            "  ",
            line(1, "Other.", "Second?", "c", List.of()));
    assertThat(task.questions()).isEqualTo(2);
    Sample first = task.sample(200, Sample.NO_DEPTH, 0);
    assertThat(first.document()).endsWith("\n\nBuch über Öl.");
    assertThat(first.question()).isEqualTo("Question: First?");
    assertThat(first.answerPrefix()).isEqualTo("Answer:");
    assertThat(first.references()).containsExactly("a", "b");
    assertThat(first.match()).isEqualTo(Match.WORD_F1);
    assertThat(first.maxTokens()).isEqualTo(40);
    Sample second = task.sample(200, Sample.NO_DEPTH, -1);
    assertThat(second.question()).contains("Second?");
    assertThat(second.references()).containsExactly("c");
  }

  @Test
  void middleIsCutOutSoThatBothEndsStay() throws IOException {
    String context =
        IntStream.range(0, 5000).mapToObj(i -> "w" + i).collect(Collectors.joining(" "));
    InfiniteBench task = task("longbook_qa_eng", line(0, context, "Which?", "x", List.of()));
    Sample sample = task.sample(1000, Sample.NO_DEPTH, 0);
    assertThat(Counting.total(sample)).isBetween(990, 1000);
    String kept = sample.document().substring(sample.document().indexOf("w0"));
    assertThat(kept).startsWith("w0 w1 w2 ").endsWith(" w4997 w4998 w4999");
    assertThat(kept).contains(" w400 ").contains(" w4600 ").doesNotContain(" w2500 ");
    assertThat(sample.question()).isEqualTo("Question: Which?");
    assertThatThrownBy(() -> task.sample(60, Sample.NO_DEPTH, 0)).hasMessageContaining("too few");
  }

  @Test
  void optionsAreLetteredAndTheReferencesAreTextAndLetter() throws IOException {
    Sample choice = only("longbook_choice_eng", "Which?", List.of("three"), OPTIONS);
    assertThat(choice.question()).contains("Which?\nA. one\nB. two\nC. three\nD. four\n");
    assertThat(choice.references()).containsExactly("three", "C");
    assertThat(choice.match()).isEqualTo(Match.OPTION_LETTER);
    Files.delete(folder.resolve("longbook_choice_eng.jsonl"));
    Sample debug = only("code_debug", "Find it", List.of("two", "B"), OPTIONS);
    assertThat(debug.question()).contains("A. one\nB. two\n");
    assertThat(debug.references()).containsExactly("two", "B");
    assertThat(debug.match()).isEqualTo(Match.DEBUG_OPTION);
    assertThat(debug.maxTokens()).isEqualTo(5);
  }

  @Test
  void answerThatIsNoOptionIsReported() throws IOException {
    InfiniteBench task = task("code_debug", line(0, "c", "i", List.of("five"), OPTIONS));
    assertThatThrownBy(() -> task.sample(1000, Sample.NO_DEPTH, 0))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("code_debug.jsonl")
        .hasMessageContaining("five");
  }

  @Test
  void brokenLineIsReportedWithItsNumber() throws IOException {
    InfiniteBench task = task("passkey", line(0, "c", "i", "1", List.of()), "{\"context\": ");
    assertThatThrownBy(() -> task.sample(1000, Sample.NO_DEPTH, 1))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("question 1");
  }

  @Test
  void inputThatBeginsTheAnswerBecomesTheAnswerPrefix() throws IOException {
    Sample kv =
        only(
            "kv_retrieval",
            "Key: \"k\"\nThe value associated with the specified key is: ",
            "v",
            List.of());
    assertThat(kv.question()).isEqualTo("Key: \"k\"");
    assertThat(kv.answerPrefix()).isEqualTo("The value associated with the specified key is:");
    assertThat(kv.match()).isEqualTo(Match.WORD);
    Files.delete(folder.resolve("kv_retrieval.jsonl"));
    Sample find =
        only(
            "math_find",
            "Answer with one number. The largest number of the list is:",
            94,
            List.of());
    assertThat(find.question()).isEqualTo("Answer with one number.");
    assertThat(find.answerPrefix()).isEqualTo("The largest number of the list is:");
    assertThat(find.references()).containsExactly("94");
    Files.delete(folder.resolve("math_find.jsonl"));
    Sample passkey = only("passkey", "What is the pass key?", "71432", List.of());
    assertThat(passkey.question()).isEqualTo("What is the pass key?");
    assertThat(passkey.answerPrefix()).isEqualTo("The pass key is");
    assertThat(passkey.maxTokens()).isEqualTo(6);
  }

  @Test
  void everyTaskHasAPromptAndItsOfficialLimit() throws IOException {
    Map<String, Integer> limits =
        Map.ofEntries(
            Map.entry("longbook_sum_eng", 1200),
            Map.entry("longbook_qa_eng", 40),
            Map.entry("longbook_choice_eng", 40),
            Map.entry("longdialogue_qa_eng", 40),
            Map.entry("longbook_qa_chn", 40),
            Map.entry("code_debug", 5),
            Map.entry("code_run", 5),
            Map.entry("math_calc", 30_000),
            Map.entry("math_find", 3),
            Map.entry("passkey", 6),
            Map.entry("number_string", 12),
            Map.entry("kv_retrieval", 50));
    for (String name : limits.keySet()) {
      Files.writeString(
          folder.resolve(name + ".jsonl"),
          line(0, "The context.", "What is func_3(-7) here?", List.of("one"), OPTIONS));
    }
    List<InfiniteBench> tasks = InfiniteBench.in(folder, TOKENS, OVERHEAD);
    assertThat(tasks).hasSize(12);
    for (InfiniteBench task : tasks) {
      Sample sample = task.sample(40_000, Sample.NO_DEPTH, 0);
      assertThat(sample.maxTokens())
          .isEqualTo(limits.get(task.name().substring("infinitebench_".length())));
      assertThat(sample.document()).endsWith("\n\nThe context.");
      assertThat(sample.question()).isNotBlank();
    }
    assertThat(only(tasks, "code_run").question())
        .isEqualTo("What does func_3(-7) return? Give the number only.");
    assertThat(only(tasks, "longdialogue_qa_eng").document()).contains("$$MASK$$");
  }

  private static Sample only(List<InfiniteBench> tasks, String name) {
    return tasks.stream()
        .filter(task -> task.name().endsWith(name))
        .findFirst()
        .orElseThrow()
        .sample(40_000, Sample.NO_DEPTH, 0);
  }

  @Test
  void truncationNeverCutsASurrogatePairAndKeepsWhatFits() {
    String text = "\uD83D\uDE00".repeat(100);
    TokenCounter pairs = part -> part.codePointCount(0, part.length());
    for (int most = 0; most <= 101; most++) {
      String cut = Truncation.middle(text, most, pairs);
      assertThat(pairs.count(cut)).isBetween(Math.min(most, 100) - 1, most);
      assertThat(cut.codePoints().allMatch(point -> point == 0x1F600)).isTrue();
    }
    assertThat(Truncation.middle("a b c", 3, TOKENS)).isEqualTo("a b c");
    assertThat(Truncation.middle("", 3, TOKENS)).isEmpty();
  }
}
