package io.ltri.benchmarks.figure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** A result as a file of JSON. */
public final class ResultFile {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private ResultFile() {}

  /** Replaces the file as a whole. */
  public static void write(Path file, Result result) throws IOException {
    Path part = file.resolveSibling(file.getFileName() + ".part");
    Files.writeString(part, JSON.writeValueAsString(result) + "\n");
    Files.move(part, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
  }

  /**
   * @throws IllegalArgumentException if it is no result
   */
  public static Result read(Path file) throws IOException {
    try {
      return JSON.readValue(Files.readString(file), Result.class);
    } catch (JacksonException e) {
      throw new IllegalArgumentException(
          file + " is no result of a benchmark: " + e.getMessage(), e);
    }
  }
}
