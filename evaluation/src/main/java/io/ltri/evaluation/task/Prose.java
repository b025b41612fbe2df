package io.ltri.evaluation.task;

import io.ltri.evaluation.text.Haystack.Passage;
import io.ltri.evaluation.text.Haystack.Sentence;
import java.util.Comparator;
import java.util.List;

/** Writes a passage out, paragraphs kept, with sentences put into it. */
final class Prose {
  private static final String PARAGRAPH = "\n\n";

  private Prose() {}

  /**
   * A sentence to be put in.
   *
   * @param before the number of the passage's sentences that stand before it
   */
  record Insert(int before, String sentence) {}

  /** The text; an inserted sentence ends the paragraph that stands before it, if one does. */
  static String with(Passage passage, List<Insert> inserts) {
    List<Insert> sorted = inserts.stream().sorted(Comparator.comparingInt(Insert::before)).toList();
    StringBuilder text = new StringBuilder();
    int next = 0;
    List<Sentence> sentences = passage.sentences();
    for (int i = 0; i <= sentences.size(); i++) {
      while (next < sorted.size() && sorted.get(next).before() == i) {
        append(text, " ", sorted.get(next++).sentence());
      }
      if (i < sentences.size()) {
        Sentence sentence = sentences.get(i);
        append(text, sentence.opensParagraph() ? PARAGRAPH : " ", sentence.text());
      }
    }
    return text.toString();
  }

  private static void append(StringBuilder text, String separator, String sentence) {
    if (!text.isEmpty()) {
      text.append(separator);
    }
    text.append(sentence);
  }
}
