package io.ltri.inference.model;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code config.json} and {@code generation_config.json} as transformers does, old and new
 * spellings alike, and refuses what the layer programs would compute wrongly.
 */
final class HuggingFaceConfig {

  private static final double DEFAULT_ROPE_BASE = 10_000;
  private static final double DEFAULT_EPSILON = 1e-6;

  private HuggingFaceConfig() {}

  static ModelConfig read(Path folder) {
    JsonFile config = JsonFile.read(folder.resolve("config.json"));
    Path generation = folder.resolve("generation_config.json");
    return read(config, Files.exists(generation) ? JsonFile.read(generation) : null);
  }

  static ModelConfig read(JsonFile json, @Nullable JsonFile generation) {
    ModelFamily family = family(json);
    refuseWhatIsNotComputed(json, family);

    int hidden = json.positive("hidden_size");
    int queryHeads = json.positive("num_attention_heads");
    int kvHeads =
        family == ModelFamily.LLAMA
            ? json.positive("num_key_value_heads", queryHeads)
            : json.positive("num_key_value_heads");
    int trainedLength = json.positive("max_position_embeddings");
    boolean bias = json.flag("attention_bias", false);
    List<Integer> bos = json.ids("bos_token_id");

    JsonFile rope = rope(json);
    ModelConfig config =
        new ModelConfig(
            family,
            json.positive("num_hidden_layers"),
            hidden,
            queryHeads,
            kvHeads,
            headDim(json, family, hidden, queryHeads),
            json.positive("intermediate_size"),
            json.positive("vocab_size"),
            trainedLength,
            (float) json.number("rms_norm_eps", DEFAULT_EPSILON),
            ropeBase(json, rope),
            scaling(rope, trainedLength),
            family == ModelFamily.QWEN2 || bias,
            family != ModelFamily.QWEN2 && bias,
            family == ModelFamily.QWEN3,
            json.flag("tie_word_embeddings", false),
            bos.isEmpty() ? -1 : bos.getFirst(),
            eos(json, generation));
    ModelConfig.Flaw flaw = ModelConfig.flaw(config);
    if (flaw != null) {
      throw json.broken(
          switch (flaw.field()) {
            case LAYERS -> "num_hidden_layers";
            case KV_HEADS -> "num_key_value_heads";
            case HEAD_DIM -> "head_dim";
            case NORM_EPSILON -> "rms_norm_eps";
            case ROPE_BASE -> "rope_theta";
            case BOS -> "bos_token_id";
            case EOS -> "eos_token_id";
          },
          flaw.problem());
    }
    return config;
  }

  private static ModelFamily family(JsonFile json) {
    String type = json.text("model_type");
    for (ModelFamily family : ModelFamily.values()) {
      if (family.type().equals(type)) {
        if (json.has("architectures")
            && !json.texts("architectures").contains(family.architecture())) {
          throw json.broken(
              "architectures",
              json.texts("architectures")
                  + " is no text generator; needs "
                  + family.architecture());
        }
        return family;
      }
    }
    throw json.broken(
        "model_type",
        ModelFileException.quoted(type)
            + " is not supported; supported are "
            + Arrays.stream(ModelFamily.values()).map(ModelFamily::type).toList());
  }

  private static void refuseWhatIsNotComputed(JsonFile json, ModelFamily family) {
    if (json.has("hidden_act") && !json.text("hidden_act").equals("silu")) {
      throw json.broken(
          "hidden_act",
          ModelFileException.quoted(json.text("hidden_act")) + " is not supported, only 'silu' is");
    }
    if (json.flag("mlp_bias", false)) {
      throw json.broken("mlp_bias", "a bias in the MLP is not supported");
    }
    if (json.flag("use_sliding_window", false)) {
      throw json.broken(
          "use_sliding_window", "layers that see a sliding window only are not supported");
    }
    if (json.has("layer_types")) {
      for (String type : json.texts("layer_types")) {
        if (!type.equals("full_attention")) {
          throw json.broken(
              "layer_types",
              ModelFileException.quoted(type) + " is not supported, only 'full_attention' is");
        }
      }
    }
    for (String field : List.of("num_experts", "num_local_experts", "n_routed_experts")) {
      if (json.has(field)) {
        throw json.broken(field, "mixtures of experts are not supported");
      }
    }
    if (json.has("quantization_config")) {
      throw json.broken(
          "quantization_config",
          "quantised checkpoints are not supported; use the original weights, or a GGUF file");
    }
    if (family == ModelFamily.QWEN2 && json.flag("attention_bias", true) != true) {
      throw json.broken("attention_bias", "a qwen2 model always has one for queries, keys, values");
    }
    whole(json);
  }

  private static void whole(JsonFile json) {
    if (json.number("partial_rotary_factor", 1) != 1) {
      throw json.broken("partial_rotary_factor", "heads that rotate in part are not supported");
    }
  }

  private static int headDim(JsonFile json, ModelFamily family, int hidden, int queryHeads) {
    if (json.has("head_dim") || family == ModelFamily.QWEN3) {
      return json.positive("head_dim");
    }
    if (hidden % queryHeads != 0) {
      throw json.broken(
          "num_attention_heads", queryHeads + " do not divide the hidden size " + hidden);
    }
    return hidden / queryHeads;
  }

  /** Where scaling is described: an object of its own since the first spelling, if at all. */
  private static @Nullable JsonFile rope(JsonFile json) {
    JsonFile scaling = json.object("rope_scaling");
    return scaling != null ? scaling : json.object("rope_parameters");
  }

  private static double ropeBase(JsonFile json, @Nullable JsonFile rope) {
    JsonFile parameters = json.object("rope_parameters");
    for (JsonFile place : Arrays.asList(rope, parameters, json)) {
      if (place != null && place.has("rope_theta")) {
        return place.number("rope_theta");
      }
    }
    return DEFAULT_ROPE_BASE;
  }

  private static RopeScaling scaling(@Nullable JsonFile rope, int trainedLength) {
    if (rope == null) {
      return new RopeScaling.None();
    }
    whole(rope);
    String field = rope.has("rope_type") ? "rope_type" : "type";
    if (!rope.has(field)) {
      if (rope.has("factor")
          || rope.root().properties().stream().anyMatch(f -> f.getValue().isObject())) {
        throw rope.broken("rope_type", "is missing");
      }
      return new RopeScaling.None();
    }
    String type = rope.text(field);
    return switch (type) {
      case "default", "none" -> new RopeScaling.None();
      case "linear" -> new RopeScaling.Linear(factor(rope, "factor"));
      case "llama3" -> {
        double low = factor(rope, "low_freq_factor");
        double high = factor(rope, "high_freq_factor");
        if (!(high > low)) {
          throw rope.broken(
              "high_freq_factor", high + " must be more than low_freq_factor, " + low);
        }
        yield new RopeScaling.Llama3(
            factor(rope, "factor"),
            low,
            high,
            rope.positive("original_max_position_embeddings", trainedLength));
      }
      default ->
          throw rope.broken(
              field,
              ModelFileException.quoted(type)
                  + " is not supported; supported are default, linear and llama3");
    };
  }

  private static double factor(JsonFile rope, String field) {
    double factor = rope.number(field);
    if (!(factor > 0)) {
      throw rope.broken(field, factor + " must be positive");
    }
    return factor;
  }

  // Instruct models often end a turn with an id that only the generation settings name, while base
  // models name theirs in the configuration only: both end a text.
  private static List<Integer> eos(JsonFile json, @Nullable JsonFile generation) {
    Set<Integer> result = new LinkedHashSet<>();
    if (generation != null) {
      result.addAll(generation.ids("eos_token_id"));
    }
    result.addAll(json.ids("eos_token_id"));
    return new ArrayList<>(result);
  }
}
