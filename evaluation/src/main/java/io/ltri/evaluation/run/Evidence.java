package io.ltri.evaluation.run;

import io.ltri.evaluation.task.Sample;
import io.ltri.inference.attention.SequenceMemory;
import io.ltri.inference.attention.TokenRange;
import io.ltri.inference.model.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;

/** Where a document says what is asked for, and whether a layer looks there. */
final class Evidence {

  private Evidence() {}

  /**
   * Tokens of the sentences or lines in which the references stand; empty if they do not stand in
   * the document.
   *
   * @param offset tokens before the document's text
   */
  static List<TokenRange> of(Sample sample, Tokenizer tokenizer, int offset) {
    String document = sample.document();
    List<TokenRange> ranges = new ArrayList<>();
    for (String reference : sample.references()) {
      int at = document.indexOf(reference);
      if (at < 0) {
        continue;
      }
      int begin = at;
      while (begin > 0 && !endsSentence(document, begin - 1)) {
        begin--;
      }
      int end = at + reference.length();
      while (end < document.length() && !endsSentence(document, end - 1)) {
        end++;
      }
      int first = offset + tokenizer.encodeText(document.substring(0, begin)).length;
      int count = tokenizer.encodeText(document.substring(begin, end)).length;
      ranges.add(new TokenRange(first, first + count));
    }
    return ranges;
  }

  private static boolean endsSentence(String text, int at) {
    char c = text.charAt(at);
    return c == '\n'
        || ((c == '.' || c == '!' || c == '?')
            && (at + 1 == text.length() || Character.isWhitespace(text.charAt(at + 1))));
  }

  /** Share of the evidence that each layer attended to in the last step. */
  static List<Double> recall(SequenceMemory memory, int layers, List<TokenRange> evidence) {
    List<Double> recall = new ArrayList<>();
    long all = evidence.stream().mapToLong(range -> range.end() - range.start()).sum();
    for (int layer = 0; all > 0 && layer < layers; layer++) {
      long seen = 0;
      for (TokenRange attended : memory.attended(layer)) {
        for (TokenRange range : evidence) {
          seen +=
              Math.max(
                  0,
                  Math.min(range.end(), attended.end())
                      - Math.max(range.start(), attended.start()));
        }
      }
      recall.add(Math.round(1000.0 * seen / all) / 1000.0);
    }
    return recall;
  }
}
