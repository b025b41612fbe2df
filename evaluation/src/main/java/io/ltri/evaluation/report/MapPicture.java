package io.ltri.evaluation.report;

import io.ltri.evaluation.run.Lab;
import io.ltri.inference.attention.ReadingSettings;
import io.ltri.inference.attention.SharedText;
import io.ltri.inference.engine.LanguageModel;
import io.ltri.inference.engine.LayerWatch;
import io.ltri.inference.model.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
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
    int[] tokens = lab.documentTokens(text);
    int layers = model.decoder().shape().layers();
    LayerWatch watch = new LayerWatch(settings, layers, layer, from, most);
    try (SharedText read = lab.read(settings, tokens, watch)) {
      read.reading().finish();
    }
    LayerWatch.Piece piece = watch.piece(tokens.length);
    Tokenizer tokenizer = model.tokenizer();
    return new LayerMap(
        model.name(),
        settings.identity(),
        layer,
        piece.from(),
        settings.sinkTokens(),
        watch.width(),
        piece.band(),
        IntStream.range(piece.from(), piece.end())
            .mapToObj(i -> new String(tokenizer.bytes(tokens[i]), StandardCharsets.UTF_8))
            .toList(),
        piece.spans().stream()
            .map(
                span ->
                    new LayerMap.Span(span.start(), span.end(), span.score(), span.confidence()))
            .toList(),
        watch.lengths());
  }
}
