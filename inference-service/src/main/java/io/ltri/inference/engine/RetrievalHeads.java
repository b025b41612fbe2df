package io.ltri.inference.engine;

import io.ltri.inference.attention.RetrievalHeadList.Head;
import io.ltri.inference.model.template.Message;
import io.ltri.inference.tensor.DecoderSettings;
import io.ltri.inference.tensor.Precision;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.IntConsumer;

/**
 * Finds the heads of a model that copy from far back in the text, by the procedure of Wu et al.
 * ("Retrieval Head Mechanistically Explains Long-Context Factuality", arXiv 2404.15574): a phrase
 * (the needle) stands somewhere in a text and is asked for; at each token of the answer a head
 * scores, if the token it attends to most lies in the needle and is the token that is generated,
 * one over the number of the needle's tokens. An example counts only if the answer has the needle.
 *
 * <p>The texts are made here of common words, so that nothing is fetched and the same seed makes
 * the same texts.
 */
public final class RetrievalHeads {

  static final int EXAMPLES = 36;
  private static final int SHORTEST_TOKENS = 500;
  private static final int LONGEST_TOKENS = 1_000;
  private static final int PHRASE_WORDS = 4;

  /** Tokens that an answer may have besides the needle's. */
  private static final int SPARE_TOKENS = 8;

  /** Wu et al. call a head that copies a tenth of a needle's tokens or more a retrieval head. */
  private static final double LEAST_SCORE = 0.1;

  /** And find that fewer than 5 % of the heads are. */
  private static final double MOST_OF_HEADS = 0.05;

  private static final String[] ADJECTIVES =
      ("quiet old narrow heavy gentle broken yellow distant careful hollow patient wooden"
              + " early empty curious bitter rapid humble modern silent")
          .split(" ");
  private static final String[] NOUNS =
      ("farmer river market teacher bridge garden sailor window letter village engine winter"
              + " kitchen doctor harbor mountain painter station forest basket")
          .split(" ");
  private static final String[] VERBS =
      ("followed remembered painted visited repaired watched carried described admired avoided"
              + " measured covered crossed answered praised")
          .split(" ");
  private static final String[] PLACES =
      "lighthouse monastery library orchard castle museum theater bakery".split(" ");
  private static final String[] PHRASE =
      ("amber violin copper glacier velvet lantern marble falcon cotton thunder silver meadow"
              + " crystal anchor purple compass golden mirror iron pepper orange tunnel scarlet"
              + " window maple rocket ivory dragon coral hammer")
          .split(" ");

  private RetrievalHeads() {}

  /**
   * One text with its needle.
   *
   * @param prompt up to where the answer gives the needle
   * @param needleStart position in the prompt
   */
  private record Example(int[] prompt, int needleStart, int needleTokens, String phrase) {}

  /**
   * @param examples how many texts, of lengths evenly between the shortest and the longest
   * @param done is told after each example
   */
  static HeadsFile measure(
      LanguageModel model,
      long seed,
      int examples,
      int shortestTokens,
      int longestTokens,
      IntConsumer done) {
    Random random = new Random(seed);
    int layers = model.decoder().shape().layers();
    int heads = model.decoder().shape().queryHeads();
    double[][] sums = new double[layers][heads];
    int counted = 0;
    List<Integer> depths = new ArrayList<>();
    for (int i = 0; i < examples; i++) {
      depths.add(i);
    }
    Collections.shuffle(depths, random);
    for (int i = 0; i < examples; i++) {
      int tokens =
          shortestTokens
              + (int) ((long) i * (longestTokens - shortestTokens) / Math.max(1, examples - 1));
      Example example = example(model, random, tokens, (depths.get(i) + 0.5) / examples);
      double[][] scores = new double[layers][heads];
      if (example.needleTokens() > 0 && copies(model, example, scores)) {
        counted++;
        for (int l = 0; l < layers; l++) {
          for (int h = 0; h < heads; h++) {
            sums[l][h] += scores[l][h];
          }
        }
      }
      done.accept(i + 1);
    }
    List<List<Double>> means = new ArrayList<>();
    for (double[] layer : sums) {
      List<Double> row = new ArrayList<>();
      for (double sum : layer) {
        row.add(counted == 0 ? 0 : sum / counted);
      }
      means.add(row);
    }
    return new HeadsFile(
        recipe(examples, shortestTokens, longestTokens),
        model.name(),
        model.weightsDigest(),
        seed,
        examples,
        counted,
        best(means),
        means);
  }

  private static String recipe(int examples, int shortestTokens, int longestTokens) {
    return String.format(
        Locale.ROOT,
        "Wu et al., arXiv 2404.15574: %d texts of %d to %d tokens of common words, a phrase of %d"
            + " words asked for, greedy answers; a head scores 1 / (tokens of the phrase) at each"
            + " token that it attends to most, in the phrase, and that is generated; mean over the"
            + " answers that have the phrase; retrieval heads: score %.2f or more, at most %.0f %%"
            + " of the heads",
        examples,
        shortestTokens,
        longestTokens,
        PHRASE_WORDS,
        LEAST_SCORE,
        100 * MOST_OF_HEADS);
  }

  /** The heads that score enough, best first, but no more than their usual share. */
  static List<Head> best(List<List<Double>> scores) {
    record Scored(Head head, double score) {}
    List<Scored> all = new ArrayList<>();
    for (int l = 0; l < scores.size(); l++) {
      for (int h = 0; h < scores.get(l).size(); h++) {
        all.add(new Scored(new Head(l, h), scores.get(l).get(h)));
      }
    }
    return all.stream()
        .filter(each -> each.score() >= LEAST_SCORE)
        .sorted(
            Comparator.comparingDouble((Scored each) -> -each.score()).thenComparing(Scored::head))
        .limit((long) Math.ceil(MOST_OF_HEADS * all.size()))
        .map(Scored::head)
        .toList();
  }

  private static String one(Random random, String[] of) {
    return of[random.nextInt(of.length)];
  }

  private static Example example(LanguageModel model, Random random, int tokens, double depth) {
    String place = one(random, PLACES);
    List<String> words = new ArrayList<>(Arrays.asList(PHRASE));
    Collections.shuffle(words, random);
    String phrase = String.join(" ", words.subList(0, PHRASE_WORDS));
    List<String> sentences = new ArrayList<>();
    int length = 0;
    while (length < tokens) {
      String sentence =
          String.format(
              Locale.ROOT,
              "The %s %s %s the %s near the %s %s.",
              one(random, ADJECTIVES),
              one(random, NOUNS),
              one(random, VERBS),
              one(random, NOUNS),
              one(random, ADJECTIVES),
              one(random, NOUNS));
      sentences.add(sentence);
      length += model.tokenizer().encodeText(" " + sentence).length;
    }
    String lead = "The secret phrase of the " + place + " is";
    sentences.add((int) (depth * sentences.size()), lead + " " + phrase + ".");
    String text =
        String.join(" ", sentences)
            + "\n\nWhat is the secret phrase of the "
            + place
            + "? Answer with the phrase as the text gives it.";
    int[] question = model.prompt(List.of(new Message("user", text)));
    int[] begun = model.tokenizer().encodeText(lead);
    int[] prompt = Arrays.copyOf(question, question.length + begun.length);
    System.arraycopy(begun, 0, prompt, question.length, begun.length);
    // Found by its tokens: a template may stand before the text. Tokenizers differ in what they do
    // with a blank before a word.
    for (String spelled : List.of(" " + phrase, phrase)) {
      int[] needle = model.tokenizer().encodeText(spelled);
      int start = find(question, needle);
      if (start >= 0) {
        return new Example(prompt, start, needle.length, phrase);
      }
    }
    return new Example(prompt, 0, 0, phrase);
  }

  /** First position of a part in a whole, or -1. */
  static int find(int[] whole, int[] part) {
    for (int i = 0; part.length > 0 && i + part.length <= whole.length; i++) {
      if (Arrays.equals(whole, i, i + part.length, part, 0, part.length)) {
        return i;
      }
    }
    return -1;
  }

  /**
   * Answers one example.
   *
   * @param scores by layer and head, added to
   * @return whether the answer has the needle
   */
  private static boolean copies(LanguageModel model, Example example, double[][] scores) {
    int[] prompt = example.prompt();
    int most = example.needleTokens() + SPARE_TOKENS;
    int[] answer = new int[most];
    int[][] attended = new int[scores.length][scores[0].length];
    try (WatchedSequence sequence = new WatchedSequence(model.decoder(), prompt.length + most)) {
      sequence.read(Arrays.copyOf(prompt, prompt.length - 1));
      int token = prompt[prompt.length - 1];
      for (int i = 0; i < most; i++) {
        float[] next =
            sequence.watch(
                token,
                (layer, head, logits, count) -> attended[layer][head] = largest(logits, count));
        token = largest(next, next.length);
        if (model.stopTokens().contains(token)) {
          break;
        }
        answer[i] = token;
        credit(prompt, example.needleStart(), example.needleTokens(), attended, token, scores);
        if (model.tokenizer().decode(Arrays.copyOf(answer, i + 1)).contains(example.phrase())) {
          return true;
        }
      }
      return false;
    }
  }

  /**
   * Gives each head its score for one generated token.
   *
   * @param attended by layer and head, the position that it attended to most
   */
  static void credit(
      int[] prompt,
      int needleStart,
      int needleTokens,
      int[][] attended,
      int generated,
      double[][] scores) {
    for (int l = 0; l < attended.length; l++) {
      for (int h = 0; h < attended[l].length; h++) {
        int position = attended[l][h];
        if (position >= needleStart
            && position < needleStart + needleTokens
            && prompt[position] == generated) {
          scores[l][h] += 1.0 / needleTokens;
        }
      }
    }
  }

  private static int largest(float[] numbers, int count) {
    int largest = 0;
    for (int i = 1; i < count; i++) {
      if (numbers[i] > numbers[largest]) {
        largest = i;
      }
    }
    return largest;
  }

  /**
   * Measures a model: {@code RetrievalHeads MODEL FILE [SEED]}. Ends with 1 and a sentence if it
   * cannot be done.
   */
  public static void main(String[] arguments) {
    if (arguments.length < 2 || arguments.length > 3) {
      System.err.println("usage: RetrievalHeads MODEL FILE [SEED]");
      System.exit(2);
    }
    try {
      long seed = arguments.length == 3 ? Long.parseLong(arguments[2]) : 1;
      Path target = Path.of(arguments[1]);
      HeadsFile found = measure(Path.of(arguments[0]), seed);
      System.err.println();
      if (found.counted() == 0) {
        System.err.println(
            "the model gave the phrase in none of "
                + found.examples()
                + " answers, so nothing can be said of its heads; no file was written");
        System.exit(1);
      }
      found.write(target);
      System.err.printf(
          Locale.ROOT,
          "%d of %d answers had the phrase; retrieval heads (layer.head): %s%n",
          found.counted(),
          found.examples(),
          found.retrievalHeads());
      System.out.println(target);
    } catch (RuntimeException e) {
      System.err.println("retrieval heads were not measured: " + e.getMessage());
      System.exit(1);
    }
  }

  private static HeadsFile measure(Path path, long seed) {
    // As the service does: threads that wait for a core that something else has wait spinning.
    int threads = Math.max(1, Runtime.getRuntime().availableProcessors() - 1);
    try (LanguageModel model =
        LanguageModel.open(path, new DecoderSettings("cpu", Precision.best(), threads))) {
      return measure(
          model,
          seed,
          EXAMPLES,
          SHORTEST_TOKENS,
          LONGEST_TOKENS,
          done -> System.err.printf("\rtext %d of %d", done, EXAMPLES));
    }
  }
}
