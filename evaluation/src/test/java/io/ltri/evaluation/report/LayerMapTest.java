package io.ltri.evaluation.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LayerMapTest {
  @TempDir Path folder;

  @Test
  void comesBackAsItWas() throws Exception {
    Path file = folder.resolve("deep/map.json");
    MadeUp.map().write(file);
    assertThat(LayerMap.read(file)).isEqualTo(MadeUp.map());
  }

  @Test
  void columnsReachToTheSinkAndTheBandsWidth() {
    LayerMap map = MadeUp.map();
    assertThat(map.columns(0)).isEqualTo(3);
    assertThat(map.columns(1)).isEqualTo(4);
    assertThat(map.columns(4)).isEqualTo(4);
  }

  @Test
  void otherFilesAreRefusedWithTheReason() throws Exception {
    Path file = Files.writeString(folder.resolve("map.json"), "[1, 2]");
    assertThatThrownBy(() -> LayerMap.read(file)).hasMessageContaining("map.json: no layer's map");
    LayerMap map = MadeUp.map();
    List<LayerMap.Span> gap =
        List.of(new LayerMap.Span(10, 12, 1, 1), new LayerMap.Span(13, 15, 1, 1));
    assertThatThrownBy(
            () ->
                new LayerMap(
                    "m", Map.of(), 0, 10, 8, 4, map.band(), map.tokens(), gap, map.spanLengths()))
        .hasMessageContaining("span [13, 15) does not follow token 12");
    assertThatThrownBy(
            () ->
                new LayerMap(
                    "m",
                    Map.of(),
                    0,
                    10,
                    8,
                    5,
                    map.band(),
                    map.tokens(),
                    map.spans(),
                    map.spanLengths()))
        .hasMessageContaining("a row has 4 columns, not 5");
  }
}
