package io.ltri.inference.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

class HuggingFaceConfigTest {

  private static final JsonMapper MAPPER = new JsonMapper();
  private static final Path FILE = Path.of("folder", "config.json");

  private static Map<String, Object> plain(String type) {
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("model_type", type);
    result.put("hidden_size", 64);
    result.put("num_hidden_layers", 2);
    result.put("num_attention_heads", 4);
    result.put("num_key_value_heads", 2);
    result.put("intermediate_size", 96);
    result.put("vocab_size", 100);
    result.put("max_position_embeddings", 2048);
    if (type.equals("qwen3")) {
      result.put("head_dim", 32);
    }
    return result;
  }

  private static ModelConfig read(Map<String, Object> json) {
    return HuggingFaceConfig.read(JsonFile.parse(FILE, "", MAPPER.writeValueAsString(json)), null);
  }

  @Test
  void whatIsAbsentIsAsInTransformers() {
    ModelConfig config = read(plain("llama"));
    assertThat(config.headDim()).isEqualTo(16);
    assertThat(config.normEpsilon()).isEqualTo(1e-6f);
    assertThat(config.ropeBase()).isEqualTo(10_000);
    assertThat(config.ropeScaling()).isEqualTo(new RopeScaling.None());
    assertThat(config.tiedOutput()).isFalse();
    assertThat(config.attentionBias()).isFalse();
    assertThat(config.bos()).isEqualTo(-1);
    assertThat(config.eos()).isEmpty();
    assertThat(config.trainedLength()).isEqualTo(2048);
  }

  @Test
  void keyValueHeadsOfAnOldLlamaAreItsQueryHeads() {
    Map<String, Object> json = plain("llama");
    json.remove("num_key_value_heads");
    assertThat(read(json).kvHeads()).isEqualTo(4);
  }

  @Test
  void biasFlagCoversAllFourProjections() {
    Map<String, Object> json = plain("llama");
    json.put("attention_bias", true);
    assertThat(read(json).attentionBias()).isTrue();
    assertThat(read(json).outputBias()).isTrue();
  }

  @Test
  void qwenFamiliesDifferInBiasAndNorm() {
    assertThat(read(plain("qwen2")).attentionBias()).isTrue();
    assertThat(read(plain("qwen2")).outputBias()).isFalse();
    assertThat(read(plain("qwen2")).queryKeyNorm()).isFalse();
    assertThat(read(plain("qwen3")).attentionBias()).isFalse();
    assertThat(read(plain("qwen3")).queryKeyNorm()).isTrue();
    assertThat(read(plain("qwen3")).headDim()).isEqualTo(32);
  }

  @Test
  void declaredButUnusedWindowIsAccepted() {
    Map<String, Object> json = plain("qwen2");
    json.put("sliding_window", 1024);
    json.put("use_sliding_window", false);
    json.put("layer_types", List.of("full_attention", "full_attention"));
    assertThat(read(json).layers()).isEqualTo(2);
  }

  @Test
  void endsOfGenerationSettingsComeFirst() {
    Map<String, Object> json = plain("llama");
    json.put("eos_token_id", 5);
    json.put("bos_token_id", 4);
    JsonFile generation =
        JsonFile.parse(Path.of("generation_config.json"), "", "{\"eos_token_id\": [7, 5, 9]}");
    ModelConfig config =
        HuggingFaceConfig.read(
            JsonFile.parse(FILE, "", MAPPER.writeValueAsString(json)), generation);
    assertThat(config.eos()).containsExactly(7, 5, 9);
    assertThat(config.bos()).isEqualTo(4);
    assertThat(read(json).eos()).containsExactly(5);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          model_type                | "mixtral"                                    | not supported
          model_type                | 7                                            | is no text
          architectures             | ["LlamaForSequenceClassification"]           | is no text generator
          hidden_act                | "gelu"                                       | only 'silu'
          mlp_bias                  | true                                         | not supported
          use_sliding_window        | true                                         | not supported
          layer_types               | ["full_attention", "sliding_attention"]      | sliding_attention
          num_experts               | 8                                            | experts
          num_local_experts         | 8                                            | experts
          partial_rotary_factor     | 0.5                                          | in part
          quantization_config       | {"quant_method": "awq"}                      | GGUF
          hidden_size               | 0                                            | must be positive
          hidden_size               | -64                                          | must be positive
          hidden_size               | 64.5                                         | is no integer
          hidden_size               | 99999999999                                  | an int
          hidden_size               | 99999999999999999999                         | is no integer
          hidden_size               | null                                         | is missing
          hidden_size               | "64"                                         | is no integer
          num_hidden_layers         | 2000000000                                   | more than 4096
          num_attention_heads       | 5                                            | do not divide
          num_key_value_heads       | 3                                            | no multiple
          head_dim                  | 15                                           | must be even
          head_dim                  | 1000000000                                   | 8192 at most
          rms_norm_eps              | -1.0                                         | must lie in
          rms_norm_eps              | 1e999                                        | is no finite number
          rope_theta                | 0.0                                          | must be positive
          bos_token_id              | 100                                          | outside of the vocabulary
          eos_token_id              | [1, 100]                                     | outside of the vocabulary
          eos_token_id              | -1                                           | is no token id
          tie_word_embeddings       | "yes"                                        | neither true nor false
          rope_scaling              | "linear"                                     | is no object
          rope_scaling.rope_type    | {"rope_type": "yarn", "factor": 4.0}         | not supported
          rope_scaling.type         | {"type": "dynamic", "factor": 4.0}           | not supported
          rope_scaling.factor       | {"type": "linear"}                           | is missing
          rope_scaling.factor       | {"type": "linear", "factor": 0}              | must be positive
          rope_scaling.rope_type    | {"factor": 2.0}                              | is missing
          rope_parameters.rope_type | {"full_attention": {"rope_type": "default"}} | is missing
          rope_parameters.partial_rotary_factor | {"rope_type": "default", "partial_rotary_factor": 0.25} | in part
          rope_scaling.high_freq_factor | {"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4} | more than low
          """)
  void refusesAndNamesTheField(String field, String value, String problem) {
    Map<String, Object> json = plain("llama");
    int dot = field.indexOf('.');
    json.put(dot < 0 ? field : field.substring(0, dot), "VALUE");
    String text = MAPPER.writeValueAsString(json).replace("\"VALUE\"", value);
    assertThatThrownBy(() -> HuggingFaceConfig.read(JsonFile.parse(FILE, "", text), null))
        .isInstanceOf(ModelFileException.class)
        .hasMessageStartingWith(FILE + ": " + field + ": ")
        .hasMessageContaining(problem);
  }

  @Test
  void repeatedFieldIsRefused() {
    assertThatThrownBy(() -> JsonFile.parse(FILE, "", "{\"a\": 1, \"a\": 2}"))
        .isInstanceOf(ModelFileException.class)
        .hasMessageContaining("is no valid JSON");
  }

  @Test
  void absurdNestingIsRefused() {
    assertThatThrownBy(() -> JsonFile.parse(FILE, "", "{\"a\":" + "[".repeat(2_000_000)))
        .isInstanceOf(ModelFileException.class);
  }

  @Test
  void messagesCarryNoControlCharacters() {
    Map<String, Object> json = plain("\u001b[31mred\n".repeat(500));
    assertThatThrownBy(() -> read(json))
        .isInstanceOf(ModelFileException.class)
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\u001b", "\n"))
        .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(1000));
  }
}
