package io.ltri.evaluation.text;

import java.util.Set;

/** The English indefinite article. */
final class Article {
  /**
   * Words of the lists that are written with a vowel and spoken with a consonant, or the reverse.
   */
  private static final Set<String> WITH_A = Set.of("unique");

  private static final Set<String> WITH_AN = Set.of("honest");

  private Article() {}

  static String before(String word) {
    boolean vowel = "aeiou".indexOf(word.charAt(0)) >= 0;
    return WITH_AN.contains(word) || (vowel && !WITH_A.contains(word)) ? "an" : "a";
  }
}
