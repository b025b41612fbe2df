package io.ltri.inference.attention;

import io.ltri.inference.retrieval.Candidate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Which candidates a layer attends to. The choice is made here and not in the index because it is
 * state of the sequence: persistence and voting of heads (weights other than one, a decayed memory
 * of earlier scores) change the score and nothing else.
 */
final class SpanChoice {

  private SpanChoice() {}

  /** A span's worth: its attention mass, summed over the query heads. */
  static double score(Candidate candidate) {
    double sum = 0;
    for (float mass : candidate.mass()) {
      sum += mass;
    }
    return sum;
  }

  /**
   * Takes spans by score until the budget is filled; one that does not fit is skipped, not split.
   *
   * @return in text order
   */
  static List<Candidate> choose(List<Candidate> candidates, int budgetTokens) {
    List<Candidate> ranked = new ArrayList<>(candidates);
    ranked.sort(
        Comparator.comparingDouble(SpanChoice::score).reversed().thenComparing(Candidate::start));
    List<Candidate> chosen = new ArrayList<>();
    int used = 0;
    for (Candidate candidate : ranked) {
      if (used + candidate.tokens() <= budgetTokens) {
        chosen.add(candidate);
        used += candidate.tokens();
      }
    }
    chosen.sort(Comparator.comparingInt(Candidate::start));
    return chosen;
  }
}
