package io.ltri.fuzzing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What Jazzer calls: the reader that {@code -Dltri.fuzz.reader} names, whose seeds are put into the
 * folder {@code -Dltri.fuzz.corpus} first.
 */
public final class JazzerTarget {

  private static Fuzzed reader =
      new Fuzzed() {
        @Override
        public List<byte[]> seeds() {
          return List.of();
        }

        @Override
        public void read(byte[] input) {}
      };

  private JazzerTarget() {}

  /** Called once, before all. */
  public static void fuzzerInitialize() throws Exception {
    var constructor =
        Class.forName(System.getProperty("ltri.fuzz.reader", "")).getDeclaredConstructor();
    constructor.setAccessible(true);
    reader = (Fuzzed) constructor.newInstance();
  }

  /** Called for every input. */
  public static void fuzzerTestOneInput(byte[] input) {
    Fuzzing.one(reader, input, "finding");
  }

  /**
   * Writes the seeds and a dictionary.
   *
   * @param arguments class of the reader, folder of the seeds, file of the dictionary
   */
  public static void main(String[] arguments) throws Exception {
    System.setProperty("ltri.fuzz.reader", arguments[0]);
    fuzzerInitialize();
    Path folder = Files.createDirectories(Path.of(arguments[1]));
    List<byte[]> seeds = reader.seeds();
    for (int i = 0; i < seeds.size(); i++) {
      Files.write(folder.resolve("seed-" + i), seeds.get(i));
    }
    writeWords(Path.of(arguments[2]));
    reader.close();
    System.exit(0);
  }

  private static void writeWords(Path file) throws IOException {
    StringBuilder words = new StringBuilder();
    for (String word : reader.words()) {
      words.append('"');
      for (byte b : word.getBytes(java.nio.charset.StandardCharsets.UTF_8)) {
        words.append("\\x%02x".formatted(b));
      }
      words.append("\"\n");
    }
    Files.writeString(file, words);
  }
}
