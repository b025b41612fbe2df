package io.ltri.inference.engine;

import io.ltri.inference.attention.ReadingSettings;
import io.ltri.inference.attention.ReadingWatch;
import io.ltri.inference.span.Band;
import io.ltri.inference.span.ClosedSpan;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Keeps what one layer attends to over a piece of a text that is being read, its spans, and the
 * lengths of all layers' spans. The thread that reads; what was kept is asked for afterwards.
 */
public final class LayerWatch implements ReadingWatch {

  /**
   * A span of the layer.
   *
   * @param start text position of its first token
   * @param end text position after its last
   * @param score triangle score
   * @param confidence 0 to 1
   */
  public record Span(int start, int end, double score, double confidence) {}

  /**
   * What was kept, from the first span on.
   *
   * @param from text position of the first token
   * @param band [tokens][width]: at [i][o] the probability, mean over query heads, with which token
   *     i of the piece attends to the token o before it; 0 where there is none
   * @param spans in text order, each beginning where the one before ends; together the piece
   */
  public record Piece(int from, List<List<Double>> band, List<Span> spans) {

    /** Text position after the last token. */
    public int end() {
      return from + band.size();
    }
  }

  private final ReadingSettings settings;
  private final int layer;
  private final int from;
  private final int most;
  private final int end;
  private final List<List<Double>> rows = new ArrayList<>();
  private final List<Span> spans = new ArrayList<>();
  private final List<List<Integer>> lengths;

  /**
   * @param layer from 0
   * @param from text position at or after which the piece begins
   * @param most tokens of the piece
   * @throws IllegalArgumentException if there is no such layer
   */
  public LayerWatch(ReadingSettings settings, int layers, int layer, int from, int most) {
    if (layer < 0 || layer >= layers) {
      throw new IllegalArgumentException(
          "layer %d does not exist: the model has 0 to %d".formatted(layer, layers - 1));
    }
    this.settings = settings;
    this.layer = layer;
    this.from = from;
    this.most = most;
    this.end = from + most + settings.spans().longest();
    this.lengths =
        IntStream.range(0, layers).<List<Integer>>mapToObj(l -> new ArrayList<>()).toList();
  }

  /** How far a token looks back, in tokens, itself included. */
  public int width() {
    return settings.spans().longest();
  }

  @Override
  public void attended(int at, Band band, int tokens) {
    if (at != layer) {
      return;
    }
    int last = Math.min(end, band.endRow());
    for (int row = Math.max(from, band.endRow() - tokens); row < last; row++) {
      List<Double> cells = new ArrayList<>(width());
      for (int offset = 0; offset < width(); offset++) {
        cells.add(Math.round(1e6 * band.at(row, offset)) / 1e6);
      }
      rows.add(cells);
    }
  }

  @Override
  public void closed(int at, List<ClosedSpan> closed) {
    for (ClosedSpan span : closed) {
      lengths.get(at).add(span.length());
      if (at == layer) {
        spans.add(
            new Span(
                span.start(),
                span.end(),
                Math.round(1e4 * span.score()) / 1e4,
                Math.round(1e4 * span.confidence()) / 1e4));
      }
    }
  }

  /** Per layer the lengths of all spans that were closed, in tokens. */
  public List<List<Integer>> lengths() {
    return lengths;
  }

  /**
   * @param tokens of the text that was read, for the message
   * @throws IllegalArgumentException if no span was closed there
   */
  public Piece piece(int tokens) {
    List<Span> shown = new ArrayList<>();
    for (Span span : spans) {
      boolean fits = shown.isEmpty() || span.end() - shown.getFirst().start() <= most;
      if (span.start() >= from && fits) {
        shown.add(span);
      }
    }
    if (shown.isEmpty()) {
      throw new IllegalArgumentException(
          "no span was closed at or after token %d of a text of %d tokens: the last %d stay in the window; take a longer text or an earlier place"
              .formatted(from, tokens, settings.windowTokens()));
    }
    int first = shown.getFirst().start();
    int after = shown.getLast().end();
    return new Piece(first, List.copyOf(rows.subList(first - from, after - from)), shown);
  }
}
