package io.ltri.inference.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.inference.span.Cutting;
import io.ltri.inference.span.SegmenterName;
import io.ltri.inference.span.SpanSettings;
import io.ltri.inference.span.ThetaForm;
import io.ltri.inference.span.VectorForm;
import io.ltri.inference.tensor.StorageType;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReadingSettingsTest {
  private static ReadingSettings settings(PolicyName policy, SpanSettings spans) {
    return new ReadingSettings(policy, 64, 512, 512, 256, 8, 64, spans, StorageType.BF16);
  }

  private static Map<String, String> beyondTheMethodsOwn(PolicyName policy, SpanSettings spans) {
    Map<String, String> fields = settings(policy, spans).identity();
    for (String name : settings(PolicyName.LTRI, SpanSettings.DEFAULT).identity().keySet()) {
      assertThat(fields).containsKey(name);
      fields.remove(name);
    }
    return fields;
  }

  /** Documents name these fields: with another set none of those that exist could be opened. */
  @Test
  void theDefaultsIdentityIsWhatDocumentsWereReadWith() {
    assertThat(settings(PolicyName.LTRI, SpanSettings.DEFAULT).identity())
        .isEqualTo(
            Map.ofEntries(
                Map.entry("policy", "ltri"),
                Map.entry("storage", "bf16"),
                Map.entry("positions", "compact"),
                Map.entry("chunk-tokens", "512"),
                Map.entry("sink-tokens", "64"),
                Map.entry("window-tokens", "512"),
                Map.entry("reading-budget-tokens", "256"),
                Map.entry("candidate-multiple", "8"),
                Map.entry("lookup-queries", "64"),
                Map.entry("span-shortest", "8"),
                Map.entry("span-longest", "64"),
                Map.entry("theta-factor", "1.0"),
                Map.entry("span-cost", "0.0"),
                Map.entry("most-dynamic-vectors", "4")));
    assertThat(settings(PolicyName.STREAMING, SpanSettings.DEFAULT).identity())
        .containsOnlyKeys(
            "policy", "storage", "positions", "chunk-tokens", "sink-tokens", "window-tokens");
  }

  @Test
  void aPolicyNamesItsSegmenterAndTheFiguresThatItUses() {
    SpanSettings spans =
        SpanSettings.DEFAULT.with(new Cutting(SegmenterName.NMS, 0.1, 20, 1.5, 300));
    assertThat(beyondTheMethodsOwn(PolicyName.LTRI, spans))
        .isEqualTo(Map.of("segmenter", "nms", "nms-overlap", "0.1"));
    assertThat(beyondTheMethodsOwn(PolicyName.UNIFORM, spans))
        .isEqualTo(Map.of("segmenter", "uniform", "span-uniform-tokens", "20"));
    assertThat(beyondTheMethodsOwn(PolicyName.RANDOM, spans))
        .isEqualTo(Map.of("segmenter", "random", "span-uniform-tokens", "20"));
    assertThat(beyondTheMethodsOwn(PolicyName.SENTENCE, spans))
        .isEqualTo(Map.of("segmenter", "sentence"));
    assertThat(beyondTheMethodsOwn(PolicyName.EM_LLM, spans))
        .isEqualTo(
            Map.of(
                "segmenter",
                "surprise",
                "surprise-factor",
                "1.5",
                "surprise-window-tokens",
                "300"));
    assertThat(settings(PolicyName.UNIFORM, spans).with(PolicyName.LTRI))
        .isEqualTo(settings(PolicyName.LTRI, spans));
  }

  @Test
  void otherSwitchesAreNamedWhereTheyAreSet() {
    assertThat(
            beyondTheMethodsOwn(
                PolicyName.LTRI,
                new SpanSettings(
                    8,
                    64,
                    1,
                    0,
                    4,
                    ThetaForm.CONSTANT,
                    0.02,
                    Cutting.DEFAULT,
                    VectorForm.EVERY_KEY,
                    3)))
        .isEqualTo(
            Map.of(
                "theta",
                "constant",
                "theta-constant",
                "0.02",
                "span-vectors",
                "every-key",
                "span-layer-group",
                "3"));
  }

  @Test
  void aPolicyWhoseFiguresDoNotFitIsRefused() {
    ReadingSettings settings =
        settings(PolicyName.LTRI, new SpanSettings(4, 16, 1, 0, 4)); // 18 tokens by default.
    assertThatThrownBy(() -> settings.with(PolicyName.UNIFORM))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("span-uniform-tokens is 18");
    assertThat(settings.with(PolicyName.EM_LLM).policy().usesIndex()).isTrue();
    assertThat(settings.with(PolicyName.FULL).policy().usesIndex()).isFalse();
    assertThatThrownBy(
            () ->
                new ReadingSettings(
                    PolicyName.EM_LLM,
                    64,
                    100,
                    512,
                    256,
                    8,
                    64,
                    SpanSettings.DEFAULT,
                    StorageType.BF16))
        .hasMessageContaining("window-tokens is 100")
        .hasMessageContaining("under policy em-llm");
  }

  @Test
  void everyPolicyIsFoundByItsName() {
    for (PolicyName policy : PolicyName.values()) {
      assertThat(PolicyName.of(policy.toString())).isEqualTo(policy);
    }
    assertThat(PolicyName.EM_LLM).hasToString("em-llm");
    assertThatThrownBy(() -> PolicyName.of("em_llm"))
        .hasMessageContaining("full, streaming, ltri, uniform, sentence, random, em-llm");
  }
}
