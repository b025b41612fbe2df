package io.ltri.evaluation.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.ltri.evaluation.run.Lab;
import io.ltri.evaluation.run.Variant;
import io.ltri.inference.attention.ReadingSettings;
import io.ltri.inference.attention.ReadingWatch;
import io.ltri.inference.attention.SequenceMemory;
import io.ltri.inference.attention.SharedText;
import io.ltri.inference.span.Band;
import io.ltri.inference.span.ClosedSpan;
import io.ltri.inference.span.Segmentation;
import io.ltri.inference.span.SpanRange;
import io.ltri.inference.span.SpanSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("slow")
class MapPictureTest {
  private static final Map<String, String> SMALL =
      Map.of(
          "sink-tokens", "8",
          "window-tokens", "48",
          "chunk-tokens", "32",
          "reading-budget-tokens", "32",
          "budget-tokens", "32",
          "span-shortest", "4",
          "span-longest", "16",
          "precision", "fp32");
  private static final String STORY =
      String.join(
          " ",
          IntStream.range(0, 40)
              .mapToObj(i -> i % 3 == 0 ? "Line " + i + " says little." : "Nobody heard " + i + ".")
              .toList());
  private static final int LAYER = 1;

  @TempDir static Path data;
  private static Lab lab;

  private static ReadingSettings settings(String policy) {
    return Variant.parse(policy, SMALL).settings().reading();
  }

  @BeforeAll
  static void open() {
    lab =
        new Lab(
            Path.of("../inference-service/src/test/resources/models/tiny-llama"),
            Variant.parse("ltri", SMALL).settings().decoder(),
            data);
  }

  @AfterAll
  static void close() {
    lab.close();
  }

  private static int[] tokens() {
    int[] prefix = lab.model().documentPrefix("");
    int[] text = lab.model().tokenizer().encodeText(STORY);
    int[] tokens = Arrays.copyOf(prefix, prefix.length + text.length);
    System.arraycopy(text, 0, tokens, prefix.length, text.length);
    return tokens;
  }

  /** Keeps all rows and spans of one layer. */
  private static final class Everything implements ReadingWatch {
    private final List<float[]> rows = new ArrayList<>();
    private final List<ClosedSpan> spans = new ArrayList<>();

    @Override
    public void attended(int layer, Band band, int tokens) {
      for (int row = band.endRow() - tokens; layer == LAYER && row < band.endRow(); row++) {
        float[] cells = new float[band.width()];
        for (int offset = 0; offset < cells.length; offset++) {
          cells[offset] = band.at(row, offset);
        }
        rows.add(cells);
      }
    }

    @Override
    public void closed(int layer, List<ClosedSpan> closed) {
      if (layer == LAYER) {
        spans.addAll(closed);
      }
    }
  }

  @Test
  void rowsThatAreSeenCutIntoTheSpansThatAreSeen() {
    Everything seen = new Everything();
    ReadingSettings settings = settings("ltri");
    try (SharedText watchedText = lab.read(settings, tokens(), seen);
        SharedText unwatchedText = lab.read(settings, tokens())) {
      SequenceMemory watched = watchedText.reading();
      watched.finish();
      SequenceMemory unwatched = unwatchedText.reading();
      unwatched.finish();
      assertThat(watched.tail().keySet()).isEqualTo(unwatched.tail().keySet());
      watched
          .tail()
          .forEach(
              (name, bytes) ->
                  assertThat(unwatched.tail().get(name).mismatch(bytes)).isEqualTo(-1));
    }
    assertThat(seen.rows).hasSize(tokens().length);
    SpanSettings spans = settings.spans();
    Band band = new Band(spans.bandWidth(), settings.sinkTokens());
    seen.rows.forEach(row -> band.append(row, 1));
    List<SpanRange> expected =
        Segmentation.closable(band, settings.sinkTokens(), band.endRow(), spans);
    assertThat(seen.spans).hasSizeGreaterThan(8);
    for (int i = 0; i < seen.spans.size(); i++) {
      assertThat(seen.spans.get(i).start()).isEqualTo(expected.get(i).start());
      assertThat(seen.spans.get(i).end()).isEqualTo(expected.get(i).end());
    }
  }

  @Test
  void pictureIsAPieceOfWhatWasRead() {
    Everything seen = new Everything();
    ReadingSettings settings = settings("ltri");
    try (SharedText text = lab.read(settings, tokens(), seen)) {
      text.reading().finish();
    }
    LayerMap map = MapPicture.of(lab, settings, STORY, LAYER, 30, 60);

    List<ClosedSpan> inside =
        seen.spans.stream()
            .filter(span -> span.start() >= 30)
            .filter(span -> span.end() <= map.from() + 60)
            .toList();
    assertThat(map.from()).isEqualTo(inside.getFirst().start()).isBetween(30, 46);
    assertThat(map.spans())
        .extracting(LayerMap.Span::start)
        .containsExactlyElementsOf(inside.stream().map(ClosedSpan::start).toList());
    assertThat(map.tokens()).hasSizeBetween(60 - 16, 60);
    for (int i = 0; i < map.band().size(); i++) {
      for (int offset = 0; offset < map.width(); offset++) {
        assertThat(map.band().get(i).get(offset))
            .isCloseTo(seen.rows.get(map.from() + i)[offset], within(1e-6));
      }
    }
    int[] shown = Arrays.copyOfRange(tokens(), map.from(), map.from() + map.tokens().size());
    assertThat(String.join("", map.tokens())).isEqualTo(lab.model().tokenizer().decode(shown));
    assertThat(map.spanLengths()).hasSize(lab.model().decoder().shape().layers());
    assertThat(map.spanLengths().get(LAYER))
        .containsExactlyElementsOf(seen.spans.stream().map(ClosedSpan::length).toList());
    assertThat(map.settings()).containsEntry("span-longest", "16");
  }

  @Test
  void whatCannotBeShownIsSaid() {
    assertThatThrownBy(() -> MapPicture.of(lab, settings("full"), STORY, 0, 30, 60))
        .hasMessageContaining("policy full cuts no spans");
    assertThatThrownBy(() -> MapPicture.of(lab, settings("ltri"), STORY, 99, 30, 60))
        .hasMessageContaining("layer 99 does not exist");
    assertThatThrownBy(() -> MapPicture.of(lab, settings("ltri"), "Short.", 0, 30, 60))
        .hasMessageContaining("take a longer text");
  }
}
