package io.ltri.evaluation.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Prose in which needles are hidden, as a list of sentences. Passages of any length are taken from
 * it; only when a passage is longer than the whole text does the text repeat. Immutable, for
 * several threads.
 */
public final class Haystack {
  private static final Pattern PARAGRAPH_END = Pattern.compile("\\R\\s*\\R");
  private static final Pattern SPACES = Pattern.compile("\\s+");

  /**
   * A sentence of the haystack.
   *
   * @param text without line breaks
   * @param opensParagraph whether a paragraph begins with it
   * @param words how many words it has, separated by white space
   */
  public record Sentence(String text, boolean opensParagraph, int words) {}

  /**
   * A stretch of the haystack.
   *
   * @param sentences in order; the last one may be cut short
   * @param repeats whether a part of the haystack stands in it more than once
   */
  public record Passage(List<Sentence> sentences, boolean repeats) {
    /** The words of the passage. */
    public int words() {
      return sentences.stream().mapToInt(Sentence::words).sum();
    }

    /**
     * The number of whole sentences before the word at this share of the passage, that is, the
     * sentence end at or before it.
     *
     * @param depth per cent of the words, 0 to 100; 100 gives all sentences
     */
    public int sentencesBefore(double depth) {
      if (depth >= 100) {
        return sentences.size();
      }
      double target = words() * depth / 100;
      int before = 0;
      double words = 0;
      while (before < sentences.size() && words + sentences.get(before).words() <= target) {
        words += sentences.get(before).words();
        before++;
      }
      return before;
    }
  }

  private final List<Sentence> sentences;
  private final int words;
  private final String searched;

  private Haystack(List<Sentence> sentences) {
    if (sentences.isEmpty()) {
      throw new IllegalArgumentException("the haystack holds no sentence");
    }
    this.sentences = List.copyOf(sentences);
    this.words = sentences.stream().mapToInt(Sentence::words).sum();
    StringBuilder all = new StringBuilder();
    sentences.forEach(sentence -> all.append(sentence.text()).append('\n'));
    this.searched = all.toString().toLowerCase(Locale.ROOT);
  }

  /**
   * Reads a text file (UTF-8), paragraphs separated by empty lines.
   *
   * @throws IllegalArgumentException if it holds no sentence
   */
  public static Haystack read(Path file) throws IOException {
    return of(Files.readString(file));
  }

  /** Takes a text, paragraphs separated by empty lines. */
  public static Haystack of(String text) {
    List<Sentence> sentences = new ArrayList<>();
    for (String paragraph : PARAGRAPH_END.split(text)) {
      boolean opens = true;
      for (String sentence : Sentences.of(paragraph)) {
        sentences.add(sentence(sentence, opens));
        opens = false;
      }
    }
    return new Haystack(sentences);
  }

  /**
   * Made-up grammatical prose of about half a million words, no sentence twice, for when no natural
   * text is at hand. It is easier on a look-up than natural text: say so beside results.
   */
  public static Haystack generated(long seed) {
    List<Sentence> sentences = new ArrayList<>();
    GeneratedProse prose = new GeneratedProse(seed);
    for (int i = 0; i < GeneratedProse.SENTENCES; i++) {
      boolean opens = prose.opensParagraph();
      sentences.add(sentence(prose.next(), opens));
    }
    return new Haystack(sentences);
  }

  private static Sentence sentence(String text, boolean opens) {
    return new Sentence(text, opens, SPACES.split(text).length);
  }

  /** All sentences, in order. */
  public List<Sentence> sentences() {
    return sentences;
  }

  /** The words of the whole haystack. */
  public int words() {
    return words;
  }

  /** Whether the haystack contains a string, case ignored. */
  public boolean contains(String text) {
    return searched.contains(text.toLowerCase(Locale.ROOT));
  }

  /**
   * Takes exactly so many words, from a sentence on; after the last sentence the first one follows.
   * The sentence in which the words run out is cut and closed with a full stop. A passage longer
   * than the haystack repeats it and says so.
   *
   * @param first where it begins, 0 to {@code sentences().size() - 1}
   * @param count the words, at least 1
   */
  public Passage passage(int first, int count) {
    if (count < 1) {
      throw new IllegalArgumentException("a passage has at least 1 word, not " + count);
    }
    List<Sentence> taken = new ArrayList<>();
    int left = count;
    for (int at = first; left > 0; at = (at + 1) % sentences.size()) {
      Sentence sentence = sentences.get(at);
      if (sentence.words() > left) {
        sentence = cut(sentence, left);
      }
      taken.add(sentence);
      left -= sentence.words();
    }
    return new Passage(List.copyOf(taken), count > words);
  }

  private static Sentence cut(Sentence sentence, int count) {
    String text =
        String.join(" ", Arrays.asList(SPACES.split(sentence.text())).subList(0, count))
            .replaceAll("[^\\p{L}\\p{N}]+$", "");
    return new Sentence(text + ".", sentence.opensParagraph(), count);
  }
}
