package io.ltri.inference.span;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * The package against numbers that src/test/python/span_golden.py computed from the definitions.
 */
class GoldenSpansTest {

  private final JsonNode golden = read();
  private final int sink = golden.get("sink").asInt();
  private final int tokens = golden.get("tokens").asInt();
  private final SpanSettings settings =
      new SpanSettings(
          golden.get("shortest").asInt(),
          golden.get("longest").asInt(),
          golden.get("thetaFactor").asDouble(),
          golden.get("spanCost").asDouble(),
          golden.get("mostDynamicVectors").asInt());
  private final Band band =
      Band.restore(settings.bandWidth(), sink, 0, bytes(golden.get("band").asString()));

  @Test
  void partitionIsTheGoldenOne() {
    List<SpanRange> spans = Segmentation.segment(band, sink, tokens, settings);
    assertThat(spans).hasSameSizeAs(golden.get("spans"));
    for (int i = 0; i < spans.size(); i++) {
      JsonNode expected = golden.get("spans").get(i);
      assertThat(spans.get(i).start()).isEqualTo(expected.get("start").asInt());
      assertThat(spans.get(i).end()).isEqualTo(expected.get("end").asInt());
      assertThat(spans.get(i).score())
          .isCloseTo((float) expected.get("score").asDouble(), within(1e-6f));
    }
  }

  @Test
  void closedSpansAreTheGoldenOnes() {
    for (var expected : golden.get("closed").properties()) {
      int end = Integer.parseInt(expected.getKey());
      List<Integer> cuts = new ArrayList<>();
      expected.getValue().forEach(cut -> cuts.add(cut.asInt()));
      assertThat(
              Segmentation.closable(band, sink, end, settings).stream()
                  .map(SpanRange::end)
                  .toList())
          .as("closed at %d", end)
          .isEqualTo(cuts);
    }
  }

  @Test
  void votesConfidenceAndVectorsAreTheGoldenOnes() {
    KeySource keys =
        new KeySource(
            MemorySegment.ofArray(bytes(golden.get("keys").asString())),
            golden.get("kvHeads").asInt(),
            tokens,
            golden.get("headDim").asInt(),
            0);
    for (JsonNode expected : golden.get("spans")) {
      SpanRange range =
          new SpanRange(expected.get("start").asInt(), expected.get("end").asInt(), 0);
      assertThat(IndexVectors.standing(band, range, settings).votes())
          .usingComparatorWithPrecision(1e-6f)
          .containsExactly(floats(expected.get("votes")));
      ClosedSpan span = IndexVectors.summarise(band, List.of(range), keys, settings).getFirst();
      assertThat(span.confidence())
          .isCloseTo((float) expected.get("confidence").asDouble(), within(1e-6f));
      assertThat(span.vectors())
          .usingComparatorWithPrecision(1e-6f)
          .containsExactly(floats(expected.get("vectors")));
    }
  }

  private static float[] floats(JsonNode array) {
    float[] values = new float[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) array.get(i).asDouble();
    }
    return values;
  }

  private static byte[] bytes(String base64) {
    return Base64.getDecoder().decode(base64);
  }

  private static JsonNode read() {
    try (InputStream in = GoldenSpansTest.class.getResourceAsStream("/span/golden.json")) {
      return new ObjectMapper().readTree(Objects.requireNonNull(in));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
