package io.ltri.evaluation.run;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Rows as lines of JSON. A run that was cut off leaves at most a torn last line, which is dropped
 * when the file is opened again.
 */
public final class ResultFile<R extends Measured> implements AutoCloseable {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Path path;
  private final Map<String, R> rows = new HashMap<>();
  private final BufferedWriter writer;

  /**
   * @param type of the lines
   * @throws IllegalStateException if a line in the middle is damaged
   */
  public ResultFile(Path path, Class<R> type) throws IOException {
    this.path = path;
    if (path.toAbsolutePath().getParent() != null) {
      Files.createDirectories(path.toAbsolutePath().getParent());
    }
    if (Files.exists(path)) {
      String text = Files.readString(path);
      int whole = text.lastIndexOf('\n') + 1;
      for (R row : parse(path, text.substring(0, whole), type)) {
        rows.put(row.key(), row);
      }
      if (whole < text.length()) {
        Files.writeString(path, text.substring(0, whole));
      }
    }
    writer =
        Files.newBufferedWriter(
            path, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  /** All rows of a file, in order; of rows with the same key the last. */
  public static <R extends Measured> List<R> read(Path path, Class<R> type) throws IOException {
    Map<String, R> byKey = new LinkedHashMap<>();
    for (R row : parse(path, Files.readString(path), type)) {
      byKey.put(row.key(), row);
    }
    return List.copyOf(byKey.values());
  }

  private static <R> List<R> parse(Path path, String text, Class<R> type) {
    List<R> rows = new ArrayList<>();
    int number = 0;
    for (String line : text.lines().toList()) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      try {
        rows.add(JSON.readValue(line, type));
      } catch (JacksonException e) {
        throw new IllegalStateException(
            path + ": line " + number + " is no row of results: " + e.getOriginalMessage(), e);
      }
    }
    return rows;
  }

  /**
   * Is this measured already?
   *
   * @throws IllegalStateException if it was measured with other settings under the same name
   */
  public synchronized boolean has(String key, Map<String, String> changes) {
    R row = rows.get(key);
    if (row == null) {
      return false;
    }
    if (!row.changes().equals(changes)) {
      throw new IllegalStateException(
          path
              + ": variant '"
              + row.variant()
              + "' was measured with "
              + row.changes()
              + ", not with "
              + changes
              + ": give it another name, or write to another file");
    }
    return true;
  }

  /** Adds a row, on disk when this returns. */
  public synchronized void add(R row) {
    try {
      writer.write(JSON.writeValueAsString(row));
      writer.write('\n');
      writer.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    rows.put(row.key(), row);
  }

  @Override
  public synchronized void close() throws IOException {
    writer.close();
  }
}
