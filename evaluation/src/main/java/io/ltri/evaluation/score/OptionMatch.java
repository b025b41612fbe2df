package io.ltri.evaluation.score;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * InfiniteBench's questions with four options. References are the option's text (of Code.Debug, a
 * function's name) and its letter, in this order. Space at the beginning of the output is dropped:
 * it comes from the tokenizer, not from the answer.
 */
final class OptionMatch {
  private static final String LETTERS = "ABCD";
  private static final List<String> CHOICE_CUES =
      List.of("answer is:", "answer:", "answer is", "option is");
  private static final List<String> DEBUG_CUES = List.of("answer is:", "is:", "answer:");
  private static final Pattern LONE_LETTER =
      Pattern.compile("(?<![\\p{L}\\p{N}_'])[A-D](?![\\p{L}\\p{N}_'])");
  private static final Pattern MARKED_LETTER =
      Pattern.compile("(?<![\\p{L}\\p{N}_'])([A-D])(?=[.:)\\]*]|\\s*$|\\s*\\R)");

  private OptionMatch() {}

  /**
   * En.MC: the first letter of the output, else what follows an answer phrase, else a lone letter.
   */
  static boolean letter(String output, List<String> references) {
    String said = output.stripLeading();
    if (said.isEmpty()) {
      return false;
    }
    if (LETTERS.indexOf(said.charAt(0)) >= 0) {
      return references.contains(said.substring(0, 1));
    }
    said = spaced(said, "[\\n\"'.,?!{}]");
    for (String cue : CHOICE_CUES) {
      int at = said.indexOf(cue);
      if (at >= 0) {
        return follows(said, at + cue.length() + 1, references);
      }
    }
    for (String word : said.strip().split("\\s+")) {
      if (!word.isEmpty() && LETTERS.contains(word)) {
        return references.contains(word);
      }
    }
    return false;
  }

  /**
   * Code.Debug: letter and full stop or colon at the beginning, else what follows an answer phrase.
   */
  static boolean debug(String output, List<String> references) {
    String said = output.strip();
    String letter = references.getLast();
    if (said.startsWith(letter + ".") || said.startsWith(letter + ":")) {
      return true;
    }
    said = spaced(said, "[\\n`'\"*-]|[Oo]ption");
    for (String cue : DEBUG_CUES) {
      int at = said.indexOf(cue);
      if (at >= 0) {
        return follows(said, at + cue.length() + 1, references);
      }
    }
    return false;
  }

  private static String spaced(String text, String pattern) {
    return text.replaceAll(pattern, " ").replaceAll(" {2,}", " ");
  }

  private static boolean follows(String text, int from, List<String> references) {
    return from <= text.length()
        && references.stream().anyMatch(reference -> text.startsWith(reference, from));
  }

  /**
   * A letter marked as one (by a full stop, colon, bracket or the end of a line), else the option's
   * text anywhere as whole words, case ignored, else the first lone letter.
   */
  static boolean lenient(String output, List<String> references) {
    String letter = references.getLast();
    Matcher marked = MARKED_LETTER.matcher(output);
    if (marked.find()) {
      return marked.group(1).equals(letter);
    }
    if (WordMatch.hasWords(output, references.getFirst())) {
      return true;
    }
    Matcher lone = LONE_LETTER.matcher(output);
    return lone.find() && lone.group().equals(letter);
  }
}
