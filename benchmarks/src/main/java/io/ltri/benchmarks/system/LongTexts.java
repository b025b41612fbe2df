package io.ltri.benchmarks.system;

import io.ltri.evaluation.text.Haystack;
import io.ltri.inference.model.ModelSource;
import io.ltri.inference.model.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Texts of so many tokens, cut from a haystack. One thread. */
final class LongTexts implements AutoCloseable {
  private static final int CLOSE = 2;

  private final Haystack haystack;
  private final Tokenizer tokenizer;
  private final Path folder;

  /**
   * @param folder where texts are put
   */
  LongTexts(Haystack haystack, ModelSource model, Path folder) throws IOException {
    this.haystack = haystack;
    this.folder = folder;
    this.tokenizer =
        model.tokenizerJson().isPresent()
            ? Tokenizer.open(model.tokenizerJson().get())
            : Tokenizer.of(model.vocabulary().orElseThrow());
  }

  /**
   * A passage of so many tokens, or a few less.
   *
   * @param number texts of different numbers begin at different places
   */
  Text of(int tokens, int number) throws IOException {
    int first = Math.floorMod(number * 7919, haystack.sentences().size());
    int least = 0;
    int most = tokens;
    int guess = Math.max(1, tokens * 3 / 4);
    while (least < most) {
      int words = Math.clamp(guess, least + 1, most);
      int count = tokenizer.encodeText(passage(first, words)).length;
      if (count > tokens) {
        most = words - 1;
      } else {
        least = words;
        if (tokens - count <= CLOSE) {
          break;
        }
      }
      // Tokens grow evenly with words: a few steps are enough even for long texts.
      guess = (int) Math.round((double) words * tokens / Math.max(1, count));
    }
    if (least == 0) {
      throw new IllegalArgumentException("a text of " + tokens + " tokens has no word");
    }
    String name = "text-" + tokens + "-" + number;
    String content = passage(first, least);
    return new Text(tokens, name, content, Files.writeString(folder.resolve(name), content));
  }

  private String passage(int first, int words) {
    StringBuilder text = new StringBuilder();
    for (Haystack.Sentence sentence : haystack.passage(first, words).sentences()) {
      if (!text.isEmpty()) {
        text.append(sentence.opensParagraph() ? "\n\n" : " ");
      }
      text.append(sentence.text());
    }
    return text.toString();
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
