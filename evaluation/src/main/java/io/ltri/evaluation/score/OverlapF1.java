package io.ltri.evaluation.score;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * InfiniteBench's F1 of what output and reference have in common as multisets: words without
 * punctuation and articles (En.QA, as SQuAD has it), or characters without punctuation (Zh.QA).
 */
final class OverlapF1 {
  private static final String ASCII_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
  private static final String CHINESE_PUNCTUATION =
      "！？｡。＂＃＄％＆＇（）＊＋，－／：；＜＝＞＠［＼］＾＿｀｛｜｝～｟｠｢｣､、〃》「」『』【】〔〕〖〗〘〙〚〛〜〝〞〟〰〾〿–—‘’‛“”„‟…‧﹏.";
  private static final Pattern ARTICLE =
      Pattern.compile("\\b(a|an|the)\\b", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern SPACES = Pattern.compile("\\s+", Pattern.UNICODE_CHARACTER_CLASS);

  private OverlapF1() {}

  /** Best F1 of words over the references. */
  static double words(String output, List<String> references) {
    List<String> said = wordsOf(output);
    return references.stream().mapToDouble(text -> f1(said, wordsOf(text))).max().orElse(0);
  }

  /** Best F1 of characters over the references. */
  static double characters(String output, List<String> references) {
    List<String> said = charactersOf(output);
    return references.stream().mapToDouble(text -> f1(said, charactersOf(text))).max().orElse(0);
  }

  /** Whether the words of a reference stand in the output one after another. */
  static boolean containsWords(String output, List<String> references) {
    return contains(output, references, text -> " " + String.join(" ", wordsOf(text)) + " ");
  }

  /** Whether the characters of a reference stand in the output one after another. */
  static boolean containsCharacters(String output, List<String> references) {
    return contains(output, references, text -> String.join("", charactersOf(text)));
  }

  private static boolean contains(
      String output, List<String> references, UnaryOperator<String> normal) {
    String said = normal.apply(output);
    return references.stream()
        .map(normal)
        .anyMatch(reference -> !reference.isBlank() && said.contains(reference));
  }

  private static List<String> wordsOf(String text) {
    String bare = without(text.toLowerCase(Locale.ROOT), ASCII_PUNCTUATION);
    String[] words = SPACES.split(ARTICLE.matcher(bare).replaceAll(" "));
    return Arrays.stream(words).filter(word -> !word.isEmpty()).toList();
  }

  private static List<String> charactersOf(String text) {
    String bare = without(text.toLowerCase(Locale.ROOT), ASCII_PUNCTUATION + CHINESE_PUNCTUATION);
    return SPACES.matcher(bare).replaceAll("").codePoints().mapToObj(Character::toString).toList();
  }

  private static String without(String text, String characters) {
    return text.codePoints()
        .filter(point -> characters.indexOf(point) < 0)
        .mapToObj(Character::toString)
        .collect(Collectors.joining());
  }

  private static double f1(List<String> said, List<String> wanted) {
    Map<String, Integer> left = new HashMap<>();
    wanted.forEach(item -> left.merge(item, 1, Integer::sum));
    int same = 0;
    for (String item : said) {
      int count = left.getOrDefault(item, 0);
      if (count > 0) {
        same++;
        left.put(item, count - 1);
      }
    }
    if (same == 0) {
      return 0;
    }
    double precision = (double) same / said.size();
    double recall = (double) same / wanted.size();
    return 2 * precision * recall / (precision + recall);
  }
}
