package io.ltri.evaluation.task;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A task of InfiniteBench (arXiv 2402.13718) from the official JSON lines, fields {@code id},
 * {@code context}, {@code input}, {@code answer}, {@code options}. The seed counts the questions. A
 * context that is too long loses its middle; instruction and question always stay. Structure and
 * limits of new tokens are the official ones, the wording is ours, and what begins the answer
 * stands in the answer prefix.
 */
public final class InfiniteBench implements Task {
  private static final String OPTIONS = "ABCD";
  private static final String HIDDEN =
      "Much of this text does not matter, but one important piece of information is hidden in it."
          + " Find it and memorise it.";
  private static final Pattern FUNCTION_CALL = Pattern.compile("func_[0-9]+\\(-?[0-9]+\\)");
  private static final Pattern ENDS_IN_COLON = Pattern.compile("(?s)(.*?)([^\\n.?!]*:)\\s*");

  /** The twelve tasks: official file name, scoring, and new tokens (official). */
  enum Kind {
    LONGBOOK_SUM_ENG(Match.ROUGE_LSUM, 1200),
    LONGBOOK_QA_ENG(Match.WORD_F1, 40),
    LONGBOOK_CHOICE_ENG(Match.OPTION_LETTER, 40),
    LONGDIALOGUE_QA_ENG(Match.NAME, 40),
    LONGBOOK_QA_CHN(Match.CHARACTER_F1, 40),
    CODE_DEBUG(Match.DEBUG_OPTION, 5),
    CODE_RUN(Match.LAST_INTEGER, 5),
    MATH_CALC(Match.INTEGER_PREFIX, 30_000),
    MATH_FIND(Match.FIRST_NUMBER, 3),
    PASSKEY(Match.FIRST_DIGITS, 6),
    NUMBER_STRING(Match.FIRST_DIGITS, 12),
    KV_RETRIEVAL(Match.WORD, 50);

    private final Match match;
    private final int maxTokens;

    Kind(Match match, int maxTokens) {
      this.match = match;
      this.maxTokens = maxTokens;
    }

    String file() {
      return name().toLowerCase(Locale.ROOT) + ".jsonl";
    }
  }

  private record Prompt(String instruction, String question, String answerPrefix) {}

  private final Kind kind;
  private final Path file;
  private final TokenCounter tokens;
  private final int overhead;
  private long @Nullable [] ranges;

  private InfiniteBench(Kind kind, Path file, TokenCounter tokens, int overhead) {
    this.kind = kind;
    this.file = file;
    this.tokens = tokens;
    this.overhead = overhead;
  }

  /**
   * The tasks whose files lie in a folder.
   *
   * @param folder with {@code passkey.jsonl}, {@code longbook_qa_eng.jsonl} and so on, or some of
   *     them
   * @throws IOException if none is there
   */
  public static List<InfiniteBench> in(Path folder, TokenCounter tokens, int overhead)
      throws IOException {
    List<InfiniteBench> tasks = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      Path file = folder.resolve(kind.file());
      if (Files.isRegularFile(file)) {
        tasks.add(new InfiniteBench(kind, file, tokens, overhead));
      }
    }
    if (tasks.isEmpty()) {
      throw new IOException(
          "%s holds none of InfiniteBench's files: %s"
              .formatted(folder, Arrays.stream(Kind.values()).map(Kind::file).toList()));
    }
    return List.copyOf(tasks);
  }

  @Override
  public String name() {
    return "infinitebench_" + kind.name().toLowerCase(Locale.ROOT);
  }

  /** How many questions there are; seeds go around after so many. */
  public int questions() {
    int count = ranges().length / 2;
    if (count == 0) {
      throw new UncheckedIOException(new IOException(file + " holds no question"));
    }
    return count;
  }

  /**
   * {@inheritDoc} The depth is ignored, and a short context makes a sample shorter than wanted.
   *
   * @throws UncheckedIOException if the file cannot be read or a line is not as expected
   */
  @Override
  public Sample sample(int length, double depth, long seed) {
    int number = Math.floorMod(seed, questions());
    try {
      JsonObject line = JsonParser.parseString(line(number)).getAsJsonObject();
      return sample(line, length, seed);
    } catch (JsonParseException
        | IllegalStateException
        | UnsupportedOperationException
        | NullPointerException
        | IndexOutOfBoundsException e) {
      throw new UncheckedIOException(
          new IOException(
              "%s: question %d is not as expected: %s".formatted(file, number, e.getMessage()), e));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Sample sample(JsonObject line, int length, long seed) {
    List<String> options = strings(line.get("options"));
    String input = line.has("input") ? line.get("input").getAsString() : "";
    Prompt prompt = prompt(input, options);
    int rest =
        overhead
            + tokens.count(prompt.instruction() + "\n\n")
            + tokens.count(prompt.question())
            + tokens.count(prompt.answerPrefix())
            + kind.maxTokens;
    if (rest >= length) {
      throw new IllegalArgumentException(
          "%d tokens are too few for %s: without any context it has %d"
              .formatted(length, name(), rest));
    }
    String context = line.get("context").getAsString();
    return new Sample(
        name(),
        "%s-%d-s%d".formatted(name(), length, seed),
        length,
        Sample.NO_DEPTH,
        seed,
        prompt.instruction() + "\n\n" + Truncation.middle(context, length - rest, tokens),
        prompt.question(),
        prompt.answerPrefix(),
        references(strings(line.get("answer")), options),
        kind.match,
        kind.maxTokens);
  }

  private Prompt prompt(String input, List<String> options) {
    return switch (kind) {
      case LONGBOOK_SUM_ENG ->
          new Prompt("Read this book, then summarise it.", "Summarise the book.", "Summary:");
      case LONGBOOK_QA_ENG ->
          new Prompt(
              "Read this book, then answer a question about it as briefly as possible.",
              "Question: " + input,
              "Answer:");
      case LONGBOOK_CHOICE_ENG ->
          new Prompt(
              "Read this book, then answer a question about it by choosing one of four options.",
              "Question: "
                  + input
                  + "\n"
                  + lettered(options)
                  + "\nName the letter of the right option.",
              "The letter of the right option is");
      case LONGDIALOGUE_QA_ENG ->
          new Prompt(
              "In this script of a dialogue, one occurrence of a character's name is replaced by"
                  + " \"$$MASK$$\". Guess whose name it is.",
              "Which character's name stands behind $$MASK$$? Give the name only.",
              "The name behind $$MASK$$ is");
      case LONGBOOK_QA_CHN -> new Prompt("请阅读下面这本书，然后尽量简短地回答一个问题。", "问题：" + input, "答案：");
      case CODE_DEBUG ->
          new Prompt(
              "Exactly one function of this code has an obvious error that was put in on purpose.",
              "Which function has the error?\n"
                  + lettered(options)
                  + "\nName the letter of the right option.",
              "The letter of the right option is");
      case CODE_RUN -> {
        Matcher call = FUNCTION_CALL.matcher(input);
        String asked = call.find() ? call.group() : input;
        yield new Prompt(
            "Read this Python code and work out what a call returns.",
            "What does %s return? Give the number only.".formatted(asked),
            "The value of %s is".formatted(asked));
      }
      case MATH_CALC ->
          new Prompt(
              "Compute the value of this expression from left to right and give the result after each"
                  + " operation, all results as a list.",
              "Give the list of all intermediate results, the last one included, and nothing else.",
              "[");
      case MATH_FIND ->
          begun(
              "Find a number in this list of numbers.",
              input,
              "Which number is it?",
              "The number is");
      case PASSKEY -> begun(HIDDEN, input, "What is the pass key?", "The pass key is");
      case NUMBER_STRING ->
          begun(HIDDEN, input, "What is the sequence of digits?", "The sequence of digits is");
      case KV_RETRIEVAL ->
          begun(
              "Find the value of a key in this JSON object.",
              input,
              "What is the value?",
              "The value is");
    };
  }

  /**
   * Where the input ends in the beginning of an answer, that becomes the answer prefix.
   *
   * @param question where the input has none
   * @param answerPrefix where the input does not begin the answer
   */
  private static Prompt begun(
      String instruction, String input, String question, String answerPrefix) {
    Matcher matcher = ENDS_IN_COLON.matcher(input);
    boolean begins = matcher.matches();
    String asked = (begins ? matcher.group(1) : input).strip();
    return new Prompt(
        instruction,
        asked.isEmpty() ? question : asked,
        begins ? matcher.group(2).strip() : answerPrefix);
  }

  private static String lettered(List<String> options) {
    List<String> parts = new ArrayList<>();
    for (int i = 0; i < options.size() && i < OPTIONS.length(); i++) {
      parts.add(OPTIONS.charAt(i) + ". " + options.get(i));
    }
    return String.join("\n", parts);
  }

  /** For questions with options: the option's text, then its letter. */
  private List<String> references(List<String> answers, List<String> options) {
    if (kind.match != Match.OPTION_LETTER && kind.match != Match.DEBUG_OPTION) {
      return answers;
    }
    String answer = answers.getFirst();
    int index = options.indexOf(answer);
    if (index < 0 && answers.size() == 2) {
      index = OPTIONS.indexOf(answers.get(1));
    }
    if (index < 0 || index >= OPTIONS.length()) {
      throw new IllegalStateException("the answer \"" + answer + "\" is not among its options");
    }
    return List.of(answer, OPTIONS.substring(index, index + 1));
  }

  /** A string, a number or a list of them, as strings. */
  private static List<String> strings(@Nullable JsonElement element) {
    if (element == null || element.isJsonNull()) {
      return List.of();
    }
    List<String> strings = new ArrayList<>();
    if (element instanceof JsonArray array) {
      array.forEach(item -> strings.add(item.getAsString()));
    } else {
      strings.add(element.getAsString());
    }
    return List.copyOf(strings);
  }

  /** Beginnings and ends of the lines that are not blank, in turn; read when first needed. */
  private synchronized long[] ranges() {
    if (ranges == null) {
      try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
        ranges = ranges(in);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return ranges;
  }

  private static long[] ranges(InputStream in) throws IOException {
    List<Long> found = new ArrayList<>();
    long start = 0;
    long at = 0;
    boolean blank = true;
    for (int read = in.read(); ; read = in.read()) {
      if (read == -1 || read == '\n') {
        if (!blank) {
          found.add(start);
          found.add(at);
        }
        if (read == -1) {
          return found.stream().mapToLong(Long::longValue).toArray();
        }
        start = at + 1;
        blank = true;
      } else if (read != ' ' && read != '\r' && read != '\t') {
        blank = false;
      }
      at++;
    }
  }

  private String line(int number) throws IOException {
    long[] all = ranges();
    long from = all[2 * number];
    byte[] bytes = new byte[Math.toIntExact(all[2 * number + 1] - from)];
    try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
      in.seek(from);
      in.readFully(bytes);
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
