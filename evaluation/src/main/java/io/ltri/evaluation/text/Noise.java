package io.ltri.evaluation.text;

import java.util.ArrayList;
import java.util.List;

/**
 * The repetitive haystack of RULER's noise tasks and of InfiniteBench's passkey: one line of five
 * short sentences, again and again. The sentences are ours.
 */
public final class Noise {
  /** The five sentences of a line. */
  public static final List<String> SENTENCES =
      List.of(
          "The grass grows green.",
          "The sky stays blue.",
          "The sun shines yellow.",
          "Away we go.",
          "Home we come.");

  private Noise() {}

  /** So many sentences as lines of five; the last line may be shorter. */
  public static List<String> lines(int sentences) {
    String whole = String.join(" ", SENTENCES);
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < sentences / SENTENCES.size(); i++) {
      lines.add(whole);
    }
    int rest = sentences % SENTENCES.size();
    if (rest > 0) {
      lines.add(String.join(" ", SENTENCES.subList(0, rest)));
    }
    return lines;
  }
}
