package io.ltri.evaluation.score;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * ROUGE-Lsum, F1, as the Python package {@code rouge_score} has it without stemming: lines are
 * sentences, tokens are runs of letters a to z and digits; of each sentence of the reference those
 * tokens count that are in a longest common subsequence with any sentence of the output, each token
 * at most as often as it stands in the output (Lin 2004, section 3.2, union LCS).
 */
final class RougeLsum {
  private static final Pattern NO_TOKEN = Pattern.compile("[^a-z0-9]+");

  private RougeLsum() {}

  /** The best F1 over the references. */
  static double best(String output, List<String> references) {
    List<List<String>> said = sentences(output);
    return references.stream().mapToDouble(text -> f1(sentences(text), said)).max().orElse(0);
  }

  private static List<List<String>> sentences(String text) {
    return Arrays.stream(text.split("\n")).map(RougeLsum::tokens).toList();
  }

  private static List<String> tokens(String line) {
    return Arrays.stream(NO_TOKEN.split(line.toLowerCase(Locale.ROOT)))
        .filter(token -> !token.isEmpty())
        .toList();
  }

  private static double f1(List<List<String>> wanted, List<List<String>> said) {
    int wantedCount = wanted.stream().mapToInt(List::size).sum();
    int saidCount = said.stream().mapToInt(List::size).sum();
    Map<String, Integer> left = new HashMap<>();
    said.forEach(sentence -> sentence.forEach(token -> left.merge(token, 1, Integer::sum)));
    int hits = 0;
    for (List<String> sentence : wanted) {
      BitSet union = new BitSet();
      said.forEach(other -> union.or(commonSubsequence(sentence, other)));
      for (int i = union.nextSetBit(0); i >= 0; i = union.nextSetBit(i + 1)) {
        int count = left.getOrDefault(sentence.get(i), 0);
        if (count > 0) {
          hits++;
          left.put(sentence.get(i), count - 1);
        }
      }
    }
    if (hits == 0) {
      return 0;
    }
    double precision = (double) hits / saidCount;
    double recall = (double) hits / wantedCount;
    return 2 * precision * recall / (precision + recall);
  }

  /** Places in {@code first} of one longest common subsequence, the one that ends last in it. */
  private static BitSet commonSubsequence(List<String> first, List<String> second) {
    int[][] longest = new int[first.size() + 1][second.size() + 1];
    for (int i = 1; i <= first.size(); i++) {
      for (int j = 1; j <= second.size(); j++) {
        longest[i][j] =
            first.get(i - 1).equals(second.get(j - 1))
                ? longest[i - 1][j - 1] + 1
                : Math.max(longest[i - 1][j], longest[i][j - 1]);
      }
    }
    BitSet places = new BitSet();
    int i = first.size();
    int j = second.size();
    while (i > 0 && j > 0) {
      if (first.get(i - 1).equals(second.get(j - 1))) {
        places.set(i - 1);
        i--;
        j--;
      } else if (longest[i][j - 1] > longest[i - 1][j]) {
        j--;
      } else {
        i--;
      }
    }
    return places;
  }
}
