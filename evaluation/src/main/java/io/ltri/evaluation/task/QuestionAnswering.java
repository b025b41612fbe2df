package io.ltri.evaluation.task;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.ltri.evaluation.text.Draw;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * RULER's question answering: a question of SQuAD (qa_1) or HotpotQA (qa_2), its paragraphs hidden
 * among other paragraphs of the same file, numbered, in drawn order; the instruction stands before
 * and after. Distractors of SQuAD come from the same article first. The seed counts the questions;
 * the files are the user's.
 */
public final class QuestionAnswering extends SizedTask {
  private static final int MAX_TOKENS = 32;
  private static final String INSTRUCTION =
      "Answer the question from the documents alone. Give the answer only, without any other words.";

  /**
   * A question.
   *
   * @param gold numbers of the paragraphs that it is asked about
   * @param near numbers of the paragraphs that come first as distractors
   */
  private record Question(
      String text, List<String> answers, List<Integer> gold, List<Integer> near) {}

  /** The questions of a file and all of its paragraphs. */
  private record Data(List<Question> questions, List<String> paragraphs) {}

  private final Data data;

  private QuestionAnswering(String name, Data data, TokenCounter tokens, int overhead) {
    super(name, tokens, overhead, Match.ANY, MAX_TOKENS);
    this.data = data;
  }

  /**
   * Questions of SQuAD, 1.1 or 2.0; unanswerable ones are left out.
   *
   * @param file for instance {@code dev-v2.0.json}
   * @throws IOException if the file cannot be read or is no such file
   */
  public static QuestionAnswering squad(Path file, TokenCounter tokens, int overhead)
      throws IOException {
    return new QuestionAnswering("qa_1", parsed(file, QuestionAnswering::squad), tokens, overhead);
  }

  /**
   * Questions of HotpotQA.
   *
   * @param file for instance {@code hotpot_dev_distractor_v1.json}
   * @throws IOException if the file cannot be read or is no such file
   */
  public static QuestionAnswering hotpot(Path file, TokenCounter tokens, int overhead)
      throws IOException {
    return new QuestionAnswering("qa_2", parsed(file, QuestionAnswering::hotpot), tokens, overhead);
  }

  /** How many questions there are; seeds go around after so many. */
  public int questions() {
    return data.questions().size();
  }

  private interface Parser {
    Data parse(JsonElement root);
  }

  private static Data parsed(Path file, Parser parser) throws IOException {
    Data data;
    try (Reader reader = Files.newBufferedReader(file)) {
      data = parser.parse(JsonParser.parseReader(reader));
    } catch (JsonParseException
        | IllegalStateException
        | UnsupportedOperationException
        | NullPointerException
        | ClassCastException
        | IndexOutOfBoundsException e) {
      throw new IOException(file + " is not of the format that is expected: " + e.getMessage(), e);
    }
    if (data.questions().isEmpty()) {
      throw new IOException(file + " holds no question");
    }
    return data;
  }

  private static Data squad(JsonElement root) {
    Numbered paragraphs = new Numbered();
    List<Question> questions = new ArrayList<>();
    for (JsonElement article : root.getAsJsonObject().getAsJsonArray("data")) {
      JsonArray parts = article.getAsJsonObject().getAsJsonArray("paragraphs");
      List<Integer> near = new ArrayList<>();
      for (JsonElement part : parts) {
        near.add(paragraphs.number(part.getAsJsonObject().get("context").getAsString().strip()));
      }
      for (int i = 0; i < parts.size(); i++) {
        for (JsonElement asked : parts.get(i).getAsJsonObject().getAsJsonArray("qas")) {
          JsonObject question = asked.getAsJsonObject();
          Set<String> answers = new LinkedHashSet<>();
          for (JsonElement answer : question.getAsJsonArray("answers")) {
            answers.add(answer.getAsJsonObject().get("text").getAsString());
          }
          boolean impossible =
              question.has("is_impossible") && question.get("is_impossible").getAsBoolean();
          if (!impossible && !answers.isEmpty()) {
            questions.add(
                new Question(
                    question.get("question").getAsString().strip(),
                    List.copyOf(answers),
                    List.of(near.get(i)),
                    near));
          }
        }
      }
    }
    return new Data(List.copyOf(questions), paragraphs.list());
  }

  private static Data hotpot(JsonElement root) {
    Numbered paragraphs = new Numbered();
    List<Question> questions = new ArrayList<>();
    for (JsonElement element : root.getAsJsonArray()) {
      JsonObject question = element.getAsJsonObject();
      List<Integer> gold = new ArrayList<>();
      for (JsonElement part : question.getAsJsonArray("context")) {
        StringBuilder text =
            new StringBuilder(part.getAsJsonArray().get(0).getAsString()).append('\n');
        part.getAsJsonArray()
            .get(1)
            .getAsJsonArray()
            .forEach(line -> text.append(line.getAsString()));
        gold.add(paragraphs.number(text.toString().strip()));
      }
      questions.add(
          new Question(
              question.get("question").getAsString().strip(),
              List.of(question.get("answer").getAsString()),
              List.copyOf(gold),
              List.of()));
    }
    return new Data(List.copyOf(questions), paragraphs.list());
  }

  /** Paragraphs without repetition, in the order in which they came. */
  private static final class Numbered {
    private final Map<String, Integer> numbers = new HashMap<>();
    private final List<String> texts = new ArrayList<>();

    int number(String text) {
      Integer known = numbers.putIfAbsent(text, texts.size());
      if (known != null) {
        return known;
      }
      texts.add(text);
      return texts.size() - 1;
    }

    List<String> list() {
      return List.copyOf(texts);
    }
  }

  /**
   * {@inheritDoc} The depth is ignored. A sample is shorter than wanted by up to a paragraph, or
   * when the file's paragraphs are used up.
   */
  @Override
  public Sample sample(int length, double depth, long seed) {
    Question question = data.questions().get(Math.floorMod(seed, data.questions().size()));
    Draw draw = Draw.of(name(), length, seed);
    List<Integer> gold = question.gold().stream().distinct().toList();
    LinkedHashSet<Integer> order = new LinkedHashSet<>(gold);
    order.addAll(draw.shuffled(question.near()));
    List<Integer> all = new ArrayList<>();
    for (int i = 0; i < data.paragraphs().size(); i++) {
      all.add(i);
    }
    order.addAll(draw.shuffled(all));
    List<Integer> ordered = List.copyOf(order);
    return fit(
        length,
        Sample.NO_DEPTH,
        seed,
        gold.size(),
        ordered.size(),
        size -> draft(question, ordered.subList(0, size), length, seed));
  }

  private Draft draft(Question question, List<Integer> chosen, int length, long seed) {
    List<Integer> shuffled = Draw.of(name() + " order", length, seed).shuffled(chosen);
    StringBuilder text = new StringBuilder(INSTRUCTION).append("\n\nThe documents:");
    for (int i = 0; i < shuffled.size(); i++) {
      text.append("\n\nDocument ")
          .append(i + 1)
          .append(":\n")
          .append(data.paragraphs().get(shuffled.get(i)));
    }
    return new Draft(
        text.toString(),
        INSTRUCTION + "\n\nQuestion: " + question.text(),
        "Answer:",
        question.answers(),
        Sample.NO_DEPTH);
  }
}
