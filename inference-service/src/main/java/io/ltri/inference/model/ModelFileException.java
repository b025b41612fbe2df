package io.ltri.inference.model;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A model file that cannot be used: truncated, contradictory, or of a kind that is not supported.
 * The message names the file, the field and what is wrong with it.
 */
public final class ModelFileException extends RuntimeException {

  private static final long serialVersionUID = 1L;
  private static final int QUOTED_LENGTH = 160;

  private final transient Path file;
  private final String field;

  public ModelFileException(Path file, String field, String problem) {
    this(file, field, problem, null);
  }

  public ModelFileException(Path file, String field, String problem, @Nullable Throwable cause) {
    super(file + ": " + printable(field) + ": " + printable(problem), cause);
    this.file = file;
    this.field = printable(field);
  }

  public Path file() {
    return file;
  }

  /** The metadata key, tensor name or part of the file that is wrong. */
  public String field() {
    return field;
  }

  // Names and values come from the file, and end up in logs and terminals.
  private static String printable(String text) {
    StringBuilder result = new StringBuilder();
    int length = Math.min(text.length(), 4 * QUOTED_LENGTH);
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      result.append(Character.isISOControl(c) ? '?' : c);
    }
    return length < text.length() ? result.append("...").toString() : result.toString();
  }

  /** Shortens a value from a file for use in a message. */
  static String quoted(String text) {
    return "'"
        + (text.length() > QUOTED_LENGTH ? text.substring(0, QUOTED_LENGTH) + "..." : text)
        + "'";
  }
}
