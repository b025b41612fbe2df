package io.ltri.evaluation.text;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Word lists of this project, a few hundred words each, lower case, sorted, none in two lists. */
public final class Words {
  private static final List<String> ADJECTIVES = read("adjectives.txt");
  private static final List<String> NOUNS = read("nouns.txt");
  private static final List<String> CITIES = read("cities.txt");

  private Words() {}

  /** Adjectives of one word. */
  public static List<String> adjectives() {
    return ADJECTIVES;
  }

  /** Nouns of one word, singular, names of things and animals. */
  public static List<String> nouns() {
    return NOUNS;
  }

  /** Names of cities, one word each, capitalised. */
  public static List<String> cities() {
    return CITIES;
  }

  private static List<String> read(String name) {
    try (InputStream stream = Words.class.getResourceAsStream(name)) {
      if (stream == null) {
        throw new IllegalStateException("the word list " + name + " is missing from the build");
      }
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.isBlank())
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
