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
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Rows as lines of JSON. A run that was cut off leaves at most a torn last line, which is dropped
 * when the file is opened again.
 */
public final class ResultFile implements AutoCloseable {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Path path;
  private final Map<String, Row> rows = new HashMap<>();
  private final BufferedWriter writer;

  /**
   * @throws IllegalStateException if a line in the middle is damaged
   */
  public ResultFile(Path path) throws IOException {
    this.path = path;
    if (path.toAbsolutePath().getParent() != null) {
      Files.createDirectories(path.toAbsolutePath().getParent());
    }
    if (Files.exists(path)) {
      String text = Files.readString(path);
      int whole = text.lastIndexOf('\n') + 1;
      for (Row row : parse(path, text.substring(0, whole))) {
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
  public static List<Row> read(Path path) throws IOException {
    Map<String, Row> byKey = new java.util.LinkedHashMap<>();
    for (Row row : parse(path, Files.readString(path))) {
      byKey.put(row.key(), row);
    }
    return List.copyOf(byKey.values());
  }

  private static List<Row> parse(Path path, String text) {
    List<Row> rows = new ArrayList<>();
    int number = 0;
    for (String line : text.lines().toList()) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      try {
        rows.add(JSON.readValue(line, Row.class));
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
    Row row = rows.get(key);
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
  public synchronized void add(Row row) {
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
