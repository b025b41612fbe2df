package io.ltri.evaluation.task;

import io.ltri.evaluation.text.Draw;
import io.ltri.evaluation.text.Words;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * RULER's common words: a numbered list of words in drawn order, ten of them 30 times, the others
 * three times; the question asks for the ten. A solved example of 40 words (10 and 3 repeats)
 * stands in front. Words are those of {@link Words}; a list that needs more has pairs of an
 * adjective and a noun.
 */
public final class CommonWords extends SizedTask {
  /** The task's name. */
  public static final String NAME = "cwe";

  private static final int MAX_TOKENS = 120;
  private static final int COMMON = 10;
  private static final int COMMON_REPEATS = 30;
  private static final int OTHER_REPEATS = 3;
  private static final int EXAMPLE_WORDS = 40;
  private static final int EXAMPLE_COMMON_REPEATS = 10;
  private static final int EXAMPLE_OTHER_REPEATS = 3;
  private static final String QUESTION = "Which 10 words are the most common in the list above?";
  private static final String PREFIX = "The 10 most common words of the list are:";
  private static final List<String> SINGLE =
      Stream.concat(Words.adjectives().stream(), Words.nouns().stream()).toList();

  /** A list with its common words. */
  private record Listed(List<String> common, String text) {}

  /** The common words of this project's word lists. */
  public CommonWords(TokenCounter tokens, int overhead) {
    super(NAME, tokens, overhead, Match.ALL, MAX_TOKENS);
  }

  /** {@inheritDoc} The depth is ignored: common words stand everywhere. */
  @Override
  public Sample sample(int length, double depth, long seed) {
    int most = Words.adjectives().size() * Words.nouns().size() / 2;
    return fit(length, Sample.NO_DEPTH, seed, 1, most, size -> draft(size, length, seed));
  }

  /**
   * @param others how many words come three times
   */
  private static Draft draft(int others, int length, long seed) {
    Draw draw = Draw.of(NAME, length, seed);
    List<String> example = draw.someOf(SINGLE, EXAMPLE_WORDS);
    Listed solved =
        listed(
            draw,
            example.subList(0, COMMON),
            EXAMPLE_COMMON_REPEATS,
            example.subList(COMMON, EXAMPLE_WORDS),
            EXAMPLE_OTHER_REPEATS);
    List<String> words = words(draw, COMMON + others, new HashSet<>(example));
    Listed asked =
        listed(
            draw,
            words.subList(0, COMMON),
            COMMON_REPEATS,
            words.subList(COMMON, words.size()),
            OTHER_REPEATS);
    return new Draft(
        "Below are numbered lists of words, in which some words come more often than others. Memorise those"
            + " that come most often.\n\nAn example:\n%s\nQuestion: %s\nAnswer: %s %s\n\nNow the list:\n%s"
                .formatted(
                    solved.text(), QUESTION, PREFIX, numbered(solved.common()), asked.text()),
        QUESTION,
        PREFIX,
        asked.common(),
        Sample.NO_DEPTH);
  }

  private static List<String> words(Draw draw, int count, Set<String> taken) {
    List<String> single = SINGLE.stream().filter(word -> !taken.contains(word)).toList();
    return count <= single.size()
        ? draw.someOf(single, count)
        : Draw.distinct(count, draw::wordKey, word -> true);
  }

  private static Listed listed(
      Draw draw, List<String> common, int commonRepeats, List<String> others, int otherRepeats) {
    List<String> entries = new ArrayList<>();
    common.forEach(word -> entries.addAll(Collections.nCopies(commonRepeats, word)));
    others.forEach(word -> entries.addAll(Collections.nCopies(otherRepeats, word)));
    return new Listed(common, numbered(draw.shuffled(entries)));
  }

  private static String numbered(List<String> words) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < words.size(); i++) {
      text.append(i == 0 ? "" : " ").append(i + 1).append(". ").append(words.get(i));
    }
    return text.toString();
  }
}
