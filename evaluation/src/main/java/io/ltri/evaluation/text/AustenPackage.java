package io.ltri.evaluation.text;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Reads the novels out of the R package {@code janeaustenr}: its lazy-load store is a row of
 * records, each a length (4 bytes, big endian) and a zlib stream that holds one vector of strings,
 * the lines of a novel, in R's binary serialisation (versions 2 and 3).
 */
final class AustenPackage {
  /** In this order, so that the text does not depend on the order inside the package. */
  private static final List<String> NOVELS =
      List.of(
          "SENSE AND SENSIBILITY",
          "PRIDE AND PREJUDICE",
          "MANSFIELD PARK",
          "EMMA",
          "NORTHANGER ABBEY",
          "PERSUASION");

  private static final int LONGEST = 1 << 26;
  private static final int STRING_VECTOR = 16;
  private static final Pattern FIRST_CHAPTER =
      Pattern.compile("\\s*chapter (1|i)\\b.*", Pattern.CASE_INSENSITIVE);
  private static final Pattern HEADING =
      Pattern.compile(
          "(chapter|volume|vol\\.|finis|the end|by jane austen|end of ).*",
          Pattern.CASE_INSENSITIVE);
  private static final Pattern WORD = Pattern.compile("[a-z]{3}");
  private static final Pattern ITALICS = Pattern.compile("_([^_]+)_");

  private AustenPackage() {}

  /** The novels as one text: a paragraph per line, separated by empty lines, headings left out. */
  static String text(byte[] store) throws IOException {
    Map<String, List<String>> novels = novels(store);
    List<String> paragraphs = new ArrayList<>();
    for (String title : NOVELS) {
      List<String> lines = novels.get(title);
      if (lines == null) {
        throw new HaystackFetch.Failure("the package lacks the novel " + title);
      }
      paragraphs.addAll(paragraphs(lines));
    }
    return String.join("\n\n", paragraphs) + "\n";
  }

  private static Map<String, List<String>> novels(byte[] store) throws IOException {
    Map<String, List<String>> novels = new HashMap<>();
    int at = 0;
    while (at < store.length) {
      if (store.length - at < 4) {
        throw unexpected("a record is cut off");
      }
      int length = ByteBuffer.wrap(store, at, 4).getInt();
      if (length < 0 || length > LONGEST) {
        throw unexpected("a record announces " + length + " bytes");
      }
      byte[] plain = new byte[length];
      Inflater inflater = new Inflater();
      try {
        inflater.setInput(store, at + 4, store.length - at - 4);
        int got = 0;
        while (got < length && !inflater.finished()) {
          int more = inflater.inflate(plain, got, length - got);
          if (more == 0) {
            break;
          }
          got += more;
        }
        if (got != length || (!inflater.finished() && inflater.inflate(new byte[1]) != 0)) {
          throw unexpected("a record has not the length that it announces");
        }
        at += 4 + (int) inflater.getBytesRead();
      } catch (DataFormatException e) {
        throw unexpected("a record is not packed by zlib");
      } finally {
        inflater.end();
      }
      List<String> lines = strings(plain);
      String title =
          lines.stream()
              .filter(line -> !line.isBlank())
              .findFirst()
              .orElse("")
              .strip()
              .toUpperCase(Locale.ROOT);
      novels.put(title, lines);
    }
    return novels;
  }

  private static List<String> strings(byte[] plain) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(plain);
    try {
      if (in.get() != 'X' || in.get() != '\n') {
        throw unexpected("a record is not in R's binary format");
      }
      int version = in.getInt();
      in.position(in.position() + 8);
      if (version == 3) {
        // The name of the native encoding.
        in.position(in.position() + 4 + in.getInt(in.position()));
      }
      int kind = in.getInt() & 0xFF;
      if (kind != STRING_VECTOR) {
        throw unexpected(
            "a record holds an R object of kind " + kind + ", not a vector of strings");
      }
      int count = in.getInt();
      List<String> lines = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        in.getInt();
        int size = Math.max(in.getInt(), 0);
        lines.add(new String(plain, in.position(), size, StandardCharsets.UTF_8));
        in.position(in.position() + size);
      }
      return lines;
    } catch (BufferUnderflowException | IllegalArgumentException | IndexOutOfBoundsException e) {
      throw unexpected("a record is cut off");
    }
  }

  private static HaystackFetch.Failure unexpected(String what) {
    return new HaystackFetch.Failure("the package is not packed as expected: " + what);
  }

  /** Lines of a printed novel as paragraphs, without title page and headings. */
  static List<String> paragraphs(List<String> lines) throws IOException {
    int first = 0;
    while (first < lines.size() && !FIRST_CHAPTER.matcher(lines.get(first)).matches()) {
      first++;
    }
    if (first == lines.size()) {
      throw unexpected("a novel has no first chapter");
    }
    List<String> kept = new ArrayList<>();
    StringBuilder block = new StringBuilder();
    for (int i = first; i <= lines.size(); i++) {
      String line = i < lines.size() ? String.join(" ", words(lines.get(i))) : "";
      if (!line.isEmpty()) {
        block.append(block.isEmpty() ? "" : " ").append(line);
      } else if (!block.isEmpty()) {
        // Underscores mark italics in these files; they are no part of the prose.
        String text = ITALICS.matcher(block).replaceAll("$1");
        block.setLength(0);
        if (isProse(text)) {
          kept.add(text);
        }
      }
    }
    return kept;
  }

  private static List<String> words(String line) {
    return Arrays.stream(line.split("\\s+", -1)).filter(word -> !word.isEmpty()).toList();
  }

  private static boolean isProse(String text) {
    boolean heading = text.length() < 60 && HEADING.matcher(text).matches();
    boolean noteOfThePrinter = text.startsWith("[") && text.endsWith("]");
    return !heading && WORD.matcher(text).find() && !noteOfThePrinter;
  }
}
