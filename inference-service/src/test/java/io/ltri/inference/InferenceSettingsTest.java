package io.ltri.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.inference.attention.LookupSettings;
import io.ltri.inference.retrieval.SearchRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

/** From properties to the settings of look-ups. */
class InferenceSettingsTest {
  @TempDir private Path folder = Path.of("");

  private static InferenceSettings settings(String... namesAndValues) {
    Map<String, String> properties = new HashMap<>();
    properties.put("ltri.inference.data", "somewhere");
    for (int i = 0; i < namesAndValues.length; i += 2) {
      properties.put("ltri.inference." + namesAndValues[i], namesAndValues[i + 1]);
    }
    return new Binder(new MapConfigurationPropertySource(properties))
        .bind("ltri.inference", InferenceSettings.class)
        .get();
  }

  @Test
  void everySwitchButAheadIsOffUnlessSet() {
    assertThat(settings().answering().lookup())
        .isEqualTo(LookupSettings.DEFAULT.withLookupAheadFrom(3));
    assertThat(settings("lookup.ahead-from", "0").answering().lookup())
        .isEqualTo(LookupSettings.DEFAULT);
    assertThat(settings("lookup.lag", "1").answering().lookup())
        .isEqualTo(LookupSettings.DEFAULT.withLookupLag(1));
    assertThat(settings().reading().lookup()).isEqualTo(LookupSettings.DEFAULT);
  }

  @Test
  void switchesOfAnsweringAndReadingAreApart() throws IOException {
    Path heads = folder.resolve("heads.json");
    Files.writeString(heads, "{\"format\": 1, \"retrieval-heads\": [\"3.1\"]}");
    InferenceSettings settings =
        settings(
            "heads-file",
            heads.toString(),
            "lookup.neighbour-share",
            "0.25",
            "lookup.head-rule",
            "rank",
            "lookup.head-weight",
            "4",
            "lookup.every",
            "4",
            "lookup.lag",
            "1",
            "lookup.stage-one",
            "max",
            "lookup.rescored",
            "false",
            "lookup.budget-by-layer",
            "1, 0.5,1.5",
            "reading-lookup.memory-decay",
            "0.5");
    LookupSettings answering = settings.answering().lookup();
    assertThat(answering)
        .isEqualTo(
            LookupSettings.DEFAULT
                .withHeads(answering.heads())
                .withNeighbourShare(0.25)
                .withHeadRule(LookupSettings.HeadRule.RANK)
                .withHeadWeight(4)
                .withLookupEvery(4)
                .withLookupLag(1)
                .withSearch(new SearchRule(SearchRule.StageOne.MAX, false))
                .withBudgetByLayer(List.of(1.0, 0.5, 1.5)));
    assertThat(answering.heads().toString()).isEqualTo("3.1");
    assertThat(settings.reading().lookup())
        .isEqualTo(LookupSettings.DEFAULT.withHeads(answering.heads()).withMemoryDecay(0.5));
    assertThat(settings.reading().identity()).containsEntry("reading-lookup.memory-decay", "0.5");
  }

  @Test
  void factorsOfLayersMayStandInAFile() throws IOException {
    Path file = Files.writeString(folder.resolve("factors"), "1\n0.5\n2\n");
    assertThat(settings("lookup.budget-by-layer", file.toString()).answering().lookup())
        .isEqualTo(
            LookupSettings.DEFAULT
                .withLookupAheadFrom(3)
                .withBudgetByLayer(List.of(1.0, 0.5, 2.0)));
  }

  @Test
  void whatMakesNoSenseIsRefusedByName() {
    refused("ltri.inference.lookup.every is 0", "lookup.every", "0");
    refused("ltri.inference.lookup.head-rule is 'best'", "lookup.head-rule", "best");
    refused("ltri.inference.lookup.stage-one is 'x'", "lookup.stage-one", "x");
    refused(
        "ltri.inference.lookup.budget-by-layer has '2.3.4'", "lookup.budget-by-layer", "1,2.3.4");
    refused("budget-by-layer is no list", "lookup.budget-by-layer", "no/such/file");
    refused("ltri.inference.lookup.vote-share is 1 but", "lookup.vote-share", "1");
    refused("ltri.inference.reading-lookup.memory-decay", "reading-lookup.memory-decay", "2");
    refused("belong to decoding", "reading-lookup.every", "2");
    refused("belong to decoding", "reading-lookup.ahead-from", "1");
    refused("belong to decoding", "reading-lookup.seldom-layers", "1");
    refused("ltri.inference.lookup.seldom-layers is -1", "lookup.seldom-layers", "-1");
    refused("heads-file none.json cannot be read", "heads-file", "none.json");
  }

  private static void refused(String message, String name, String value) {
    InferenceSettings settings = settings(name, value);
    assertThatThrownBy(
            () -> {
              if (name.startsWith("reading")) {
                settings.reading();
              } else {
                settings.answering();
              }
            })
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
