package io.ltri.evaluation.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * How a model's layers cut a text into spans: the attention of one layer over a piece of the text,
 * with the spans found there, and the lengths of all spans of all layers. A file of JSON.
 *
 * @param model by name
 * @param settings with which the text was read, by name
 * @param layer whose attention this is, from 0
 * @param from text position of the first token of the piece; the first span starts there
 * @param firstColumn text position after the sink: no token looks further back
 * @param width how far a token looks back, in tokens, itself included
 * @param band [tokens][width]: at [i][o] the probability, mean over query heads, with which token i
 *     of the piece attends to the token o before it; 0 where there is none
 * @param tokens their texts
 * @param spans in text order, each beginning where the one before ends; together the piece
 * @param spanLengths [layers][spans], in tokens, of the whole text
 */
public record LayerMap(
    String model,
    Map<String, String> settings,
    int layer,
    int from,
    int firstColumn,
    int width,
    List<List<Double>> band,
    List<String> tokens,
    List<Span> spans,
    List<List<Integer>> spanLengths) {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /**
   * A span of the layer.
   *
   * @param start text position of its first token
   * @param end text position after its last
   * @param score triangle score
   * @param confidence 0 to 1
   */
  public record Span(int start, int end, double score, double confidence) {}

  public LayerMap {
    require(width >= 1, "it has a band of width " + width);
    require(layer >= 0 && layer < spanLengths.size(), "it has no lengths of layer " + layer);
    require(
        !tokens.isEmpty() && tokens.size() == band.size(),
        "it has %d tokens and %d rows of attention".formatted(tokens.size(), band.size()));
    for (List<Double> row : band) {
      require(row.size() == width, "a row has %d columns, not %d".formatted(row.size(), width));
    }
    int reached = from;
    for (Span span : spans) {
      require(
          span.start() == reached && span.end() > span.start(),
          "span [%d, %d) does not follow token %d".formatted(span.start(), span.end(), reached));
      reached = span.end();
    }
    require(
        reached == from + tokens.size(),
        "the spans end at token %d, the piece at %d".formatted(reached, from + tokens.size()));
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException("this is no layer's map: " + otherwise);
    }
  }

  /**
   * Of a row of the piece: how many columns exist, between the sink's end and the token itself.
   *
   * @param row from 0
   */
  int columns(int row) {
    return Math.clamp((long) from + row - firstColumn + 1, 0, width);
  }

  /**
   * @throws IllegalStateException if the file holds no map, saying why
   */
  public static LayerMap read(Path file) throws IOException {
    String text = Files.readString(file);
    try {
      return JSON.readValue(text, LayerMap.class);
    } catch (JacksonException e) {
      throw new IllegalStateException(file + ": no layer's map: " + e.getOriginalMessage(), e);
    }
  }

  /** Writes the file that {@link #read} takes. */
  public void write(Path file) throws IOException {
    if (file.toAbsolutePath().getParent() != null) {
      Files.createDirectories(file.toAbsolutePath().getParent());
    }
    Files.writeString(file, JSON.writeValueAsString(this));
  }
}
