package io.ltri.benchmarks.system;

import io.ltri.evaluation.text.Haystack;
import io.ltri.inference.model.ModelSource;
import io.ltri.inference.model.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Texts of so many tokens, cut from a haystack. One thread. */
final class LongTexts implements AutoCloseable {
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
   * The longest passage of no more than so many tokens, to a word.
   *
   * @param number texts of different numbers begin at different places
   */
  Text of(int tokens, int number) throws IOException {
    int first = Math.floorMod(number * 7919, haystack.sentences().size());
    int most = tokens;
    int least = 0;
    while (least < most) {
      int words = (least + most + 1) >>> 1;
      if (tokenizer.encodeText(passage(first, words)).length <= tokens) {
        least = words;
      } else {
        most = words - 1;
      }
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
