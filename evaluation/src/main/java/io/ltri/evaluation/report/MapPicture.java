package io.ltri.evaluation.report;

import io.ltri.evaluation.run.Lab;
import io.ltri.inference.attention.ReadingSettings;
import io.ltri.inference.attention.ReadingWatch;
import io.ltri.inference.attention.SharedText;
import io.ltri.inference.engine.LanguageModel;
import io.ltri.inference.model.tokenizer.Tokenizer;
import io.ltri.inference.span.Band;
import io.ltri.inference.span.ClosedSpan;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Takes the picture of one layer while a text is read, and the lengths of all layers' spans. */
public final class MapPicture {

  private MapPicture() {}

  /**
   * Reads a text as documents are read, and keeps what a layer attended to over a piece of it. The
   * piece begins with the first span at or after {@code from} and ends with a span.
   *
   * @param settings of a policy that cuts spans
   * @param layer from 0
   * @param from position in the text, in tokens, those of the template before it included
   * @param most tokens of the piece
   * @throws IllegalArgumentException if there is no such layer, the policy cuts no spans, or no
   *     span was closed in that piece
   */
  public static LayerMap of(
      Lab lab, ReadingSettings settings, String text, int layer, int from, int most) {
    LanguageModel model = lab.model();
    int layers = model.decoder().shape().layers();
    if (layer < 0 || layer >= layers) {
      throw new IllegalArgumentException(
          "layer %d does not exist: the model has 0 to %d".formatted(layer, layers - 1));
    }
    int[] tokens = lab.documentTokens(text);
    Watch watch =
        new Watch(settings, layers, layer, from, from + most + settings.spans().longest());
    try (SharedText read = lab.read(settings, tokens, watch)) {
      read.reading().finish();
    }
    return watch.map(model, tokens, from, most);
  }

  /** Keeps rows of the band in [from, end) and all spans. */
  private static final class Watch implements ReadingWatch {
    private final ReadingSettings settings;
    private final int layer;
    private final int from;
    private final int end;
    private final int width;
    private final List<List<Double>> rows = new ArrayList<>();
    private final List<LayerMap.Span> spans = new ArrayList<>();
    private final List<List<Integer>> lengths;

    Watch(ReadingSettings settings, int layers, int layer, int from, int end) {
      this.settings = settings;
      this.layer = layer;
      this.from = from;
      this.end = end;
      this.width = settings.spans().longest();
      this.lengths =
          IntStream.range(0, layers).<List<Integer>>mapToObj(l -> new ArrayList<>()).toList();
    }

    @Override
    public void attended(int at, Band band, int tokens) {
      if (at != layer) {
        return;
      }
      int last = Math.min(end, band.endRow());
      for (int row = Math.max(from, band.endRow() - tokens); row < last; row++) {
        List<Double> cells = new ArrayList<>(width);
        for (int offset = 0; offset < width; offset++) {
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
              new LayerMap.Span(
                  span.start(),
                  span.end(),
                  Math.round(1e4 * span.score()) / 1e4,
                  Math.round(1e4 * span.confidence()) / 1e4));
        }
      }
    }

    LayerMap map(LanguageModel model, int[] tokens, int wanted, int most) {
      List<LayerMap.Span> shown = new ArrayList<>();
      for (LayerMap.Span span : spans) {
        boolean fits = shown.isEmpty() || span.end() - shown.getFirst().start() <= most;
        if (span.start() >= wanted && fits) {
          shown.add(span);
        }
      }
      if (shown.isEmpty()) {
        throw new IllegalArgumentException(
            "no span was closed at or after token %d of a text of %d tokens: the last %d stay in the window; take a longer text or an earlier place"
                .formatted(wanted, tokens.length, settings.windowTokens()));
      }
      int first = shown.getFirst().start();
      int after = shown.getLast().end();
      Tokenizer tokenizer = model.tokenizer();
      return new LayerMap(
          model.name(),
          settings.identity(),
          layer,
          first,
          settings.sinkTokens(),
          width,
          List.copyOf(rows.subList(first - from, after - from)),
          IntStream.range(first, after)
              .mapToObj(i -> new String(tokenizer.bytes(tokens[i]), StandardCharsets.UTF_8))
              .toList(),
          shown,
          lengths);
    }
  }
}
