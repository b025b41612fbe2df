package io.ltri.edge.access;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * A file of tokens, one JSON object a line: {@code {"name":"ada","sha256":"...","tenant":"acme",
 * "scopes":["writer"],"expires":"2027-01-01T00:00:00Z"}}; {@code expires} may be left out. Only its
 * owner can read it, though it holds no token.
 */
public final class TokenFile {

  private TokenFile() {}

  /**
   * @throws IllegalArgumentException if a line is wrong, naming it
   * @throws NoSuchFileException if there is none
   */
  public static List<Token> read(Path file) throws IOException {
    List<Token> tokens = new ArrayList<>();
    Set<String> names = new HashSet<>();
    int number = 0;
    for (String line : lines(file)) {
      number++;
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      try {
        Token token = token(JsonParser.parseString(line).getAsJsonObject());
        if (!names.add(token.name())) {
          throw new IllegalArgumentException("there are two tokens '" + token.name() + "'");
        }
        tokens.add(token);
      } catch (JsonParseException
          | IllegalStateException
          | UnsupportedOperationException
          | DateTimeException e) {
        // What the parser says may quote the line.
        throw new IllegalArgumentException(
            file + ", line " + number + " is no token: make lines with 'ltri token add'", e);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(file + ", line " + number + ": " + e.getMessage(), e);
      }
    }
    return tokens;
  }

  private static List<String> lines(Path file) throws IOException {
    try {
      return Files.readAllLines(file);
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(
          file + " is not UTF-8: make lines with 'ltri token add'", e);
    }
  }

  private static Token token(JsonObject line) {
    Set<Scope> scopes = EnumSet.noneOf(Scope.class);
    JsonElement list = line.get("scopes");
    if (list instanceof JsonArray array) {
      array.forEach(scope -> scopes.add(Scope.of(scope.getAsString())));
    }
    JsonElement expires = line.get("expires");
    return new Token(
        text(line, "name"),
        text(line, "sha256"),
        text(line, "tenant"),
        scopes,
        expires == null || expires.isJsonNull() ? null : Instant.parse(expires.getAsString()));
  }

  private static String text(JsonObject line, String field) {
    JsonElement value = line.get(field);
    if (value == null || !value.isJsonPrimitive()) {
      throw new IllegalArgumentException("'" + field + "' is missing");
    }
    return value.getAsString();
  }

  /**
   * Replaces the list as a whole, also while services read it; two changes at once come one after
   * the other. Without a file, the list is empty before.
   */
  public static void change(Path file, UnaryOperator<List<Token>> change) throws IOException {
    try {
      PrivateFile.change(
          file,
          absolute -> {
            List<Token> before = Files.exists(absolute) ? read(absolute) : List.of();
            StringBuilder lines = new StringBuilder();
            change.apply(before).stream()
                .sorted(Comparator.comparing(Token::name))
                .forEach(token -> lines.append(line(token)).append('\n'));
            return lines;
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static String line(Token token) {
    JsonObject line = new JsonObject();
    line.addProperty("name", token.name());
    line.addProperty("sha256", token.sha256());
    line.addProperty("tenant", token.tenant());
    JsonArray scopes = new JsonArray();
    token.scopes().stream().sorted().forEach(scope -> scopes.add(scope.toString()));
    line.add("scopes", scopes);
    Instant expires = token.expires();
    if (expires != null) {
      line.addProperty("expires", expires.toString());
    }
    return line.toString();
  }
}
