package io.ltri.inference.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.inference.TinyLlama;
import io.ltri.inference.attention.Memories;
import io.ltri.inference.attention.PolicyName;
import io.ltri.inference.attention.ReadingSettings;
import io.ltri.inference.retrieval.BlockCache;
import io.ltri.inference.retrieval.BruteForceIndex;
import io.ltri.inference.span.SpanSettings;
import io.ltri.inference.tensor.StorageType;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Maps of a tiny random model. */
class LayerMapsTest {
  private static ComputeThread compute;
  private static LanguageModel model;

  private final BruteForceIndex index = new BruteForceIndex();
  private final String text =
      IntStream.range(0, 900)
          .mapToObj(i -> "word" + (i * 37 % 101))
          .collect(Collectors.joining(" "));

  @BeforeAll
  static void loadTinyModel() {
    compute = new ComputeThread();
    model = compute.run(TinyLlama::model);
  }

  @AfterAll
  static void close() {
    compute.run(model::close);
    compute.close();
  }

  private LayerMaps maps(PolicyName policy) {
    Memories memories =
        new Memories(
            model.decoder(),
            index,
            new BlockCache(1 << 20),
            Runnable::run,
            model::sentenceEnds,
            model.trainedLength());
    ReadingSettings settings =
        new ReadingSettings(
            policy, 4, 24, 16, 40, 8, 8, new SpanSettings(2, 8, 1, 0, 4), StorageType.BF16);
    return new LayerMaps(model, memories, index, compute, settings, Duration.ofSeconds(30));
  }

  @Test
  void aPieceHasItsTokensItsBandAndSpansInTextOrder() {
    LayerMaps.LayerMap map = maps(PolicyName.LTRI).of(text, 1, 100, 60, () -> false);
    assertThat(map.layer()).isEqualTo(1);
    assertThat(map.layers()).isEqualTo(model.decoder().shape().layers());
    assertThat(map.from()).isBetween(100, 108);
    assertThat(map.band()).hasSameSizeAs(map.tokens()).hasSizeBetween(40, 60);
    assertThat(map.band()).allSatisfy(row -> assertThat(row).hasSize(map.width()));
    int reached = map.from();
    for (LayerWatch.Span span : map.spans()) {
      assertThat(span.start()).isEqualTo(reached);
      reached = span.end();
    }
    assertThat(reached).isEqualTo(map.from() + map.tokens().size());
  }

  @Test
  void aPieceFarInsideIsReadWithWhatComesBeforeItAndKeepsThePositionsOfTheText() {
    int[] prefix = model.documentPrefix("");
    int[] own = model.tokenizer().encodeText(text);
    int[] all = Arrays.copyOf(prefix, prefix.length + own.length);
    System.arraycopy(own, 0, all, prefix.length, own.length);
    int from = all.length - 200;
    LayerMaps.LayerMap map = maps(PolicyName.LTRI).of(text, 0, from, 40, () -> false);
    assertThat(map.from()).isBetween(from, from + 8);
    assertThat(map.firstColumn()).isEqualTo(from - 512);
    assertThat(map.spans().getFirst().start()).isEqualTo(map.from());
    assertThat(map.tokens().getFirst())
        .isEqualTo(new String(model.tokenizer().bytes(all[map.from()]), StandardCharsets.UTF_8));
  }

  @Test
  void nothingStaysInTheIndexAndAPolicyWithoutSpansIsDrawnByTheMethod() {
    LayerMaps.LayerMap map = maps(PolicyName.FULL).of(text, 0, 100, 60, () -> false);
    assertThat(map.spans()).isNotEmpty();
    assertThat(index.list()).isEmpty();
  }

  @Test
  void whatCannotBeDrawnIsRefusedWithTheReason() {
    LayerMaps maps = maps(PolicyName.LTRI);
    assertThatThrownBy(() -> maps.of(text, 99, 100, 60, () -> false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("layer 99 does not exist: the model has 0 to ");
    assertThatThrownBy(() -> maps.of("short", 0, 0, 60, () -> false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("stay in the window");
    assertThatThrownBy(() -> maps.of(text, 0, 100, 100_000, () -> false))
        .hasMessage("tokens is 100000 but must be in [1, 400]");
    assertThatThrownBy(() -> maps.of(text, 0, 100, 60, () -> true))
        .isInstanceOf(RequestException.class);
  }
}
