package io.ltri.inference.model;

import io.ltri.inference.tensor.WeightSource;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** One GGUF file, with everything in it. */
final class GgufModel implements ModelSource {

  static final String ENDING = ".gguf";

  private static final Pattern LAYER = Pattern.compile("blk\\.(\\d{1,4})\\.(.+)");
  private static final Map<String, String> GLOBAL =
      Map.of(
          "token_embd.weight", "model.embed_tokens.weight",
          "output_norm.weight", "model.norm.weight",
          "output.weight", "lm_head.weight");
  private static final Map<String, String> IN_LAYER =
      Map.ofEntries(
          Map.entry("attn_norm.weight", "input_layernorm.weight"),
          Map.entry("attn_q.weight", "self_attn.q_proj.weight"),
          Map.entry("attn_q.bias", "self_attn.q_proj.bias"),
          Map.entry("attn_k.weight", "self_attn.k_proj.weight"),
          Map.entry("attn_k.bias", "self_attn.k_proj.bias"),
          Map.entry("attn_v.weight", "self_attn.v_proj.weight"),
          Map.entry("attn_v.bias", "self_attn.v_proj.bias"),
          Map.entry("attn_output.weight", "self_attn.o_proj.weight"),
          Map.entry("attn_output.bias", "self_attn.o_proj.bias"),
          Map.entry("attn_q_norm.weight", "self_attn.q_norm.weight"),
          Map.entry("attn_k_norm.weight", "self_attn.k_norm.weight"),
          Map.entry("ffn_norm.weight", "post_attention_layernorm.weight"),
          Map.entry("ffn_gate.weight", "mlp.gate_proj.weight"),
          Map.entry("ffn_up.weight", "mlp.up_proj.weight"),
          Map.entry("ffn_down.weight", "mlp.down_proj.weight"));

  private final String name;
  private final ModelConfig config;
  private final GgufVocabulary vocabulary;
  private final MappedWeights weights;
  private final WeightFiles files;

  private GgufModel(
      String name,
      ModelConfig config,
      GgufVocabulary vocabulary,
      MappedWeights weights,
      WeightFiles files) {
    this.name = name;
    this.config = config;
    this.vocabulary = vocabulary;
    this.weights = weights;
    this.files = files;
  }

  static GgufModel open(Path path) {
    WeightFiles files = new WeightFiles();
    try {
      return read(files.map(path), files);
    } catch (RuntimeException e) {
      files.close();
      throw e;
    }
  }

  static GgufModel read(MappedFile mapped, WeightFiles files) {
    GgufFile file = GgufFile.read(mapped);
    GgufVocabulary vocabulary = GgufConfig.vocabulary(file);
    ModelConfig config = GgufConfig.config(file, vocabulary);
    MappedWeights weights = new MappedWeights(renamed(file, config));
    weights.verify(config, mapped.path());
    String name = String.valueOf(mapped.path().getFileName());
    if (name.endsWith(ENDING)) {
      name = name.substring(0, name.length() - ENDING.length());
    }
    return new GgufModel(name, config, vocabulary, weights, files);
  }

  private static Map<String, MappedTensor> renamed(GgufFile file, ModelConfig config) {
    Map<String, MappedTensor> result = new HashMap<>();
    for (MappedTensor tensor : file.tensors().values()) {
      String name = tensor.field();
      // Read with the configuration, or what older converters left behind.
      if (name.equals("rope_freqs.weight") || name.endsWith("attn_rot_embd.weight")) {
        continue;
      }
      String renamed = renamed(name);
      if (renamed == null) {
        throw file.broken(
            name,
            "tensor has no place in a " + config.family().type() + " model as it is run here");
      }
      if (result.put(renamed, restored(file, config, renamed, tensor)) != null) {
        throw file.broken(name, "tensor is there twice");
      }
    }
    return result;
  }

  private static @Nullable String renamed(String name) {
    Matcher layer = LAYER.matcher(name);
    if (!layer.matches()) {
      return GLOBAL.get(name);
    }
    String rest = IN_LAYER.get(layer.group(2));
    return rest == null ? null : "model.layers." + Integer.parseInt(layer.group(1)) + "." + rest;
  }

  // llama.cpp rotates neighbouring dimensions in this family, so its converter interleaves the two
  // halves of every head of queries and keys.
  private static MappedTensor restored(
      GgufFile file, ModelConfig config, String name, MappedTensor tensor) {
    boolean rotates = name.contains(".q_proj.") || name.contains(".k_proj.");
    if (config.family() != ModelFamily.LLAMA || !rotates) {
      return tensor;
    }
    if (tensor.shape()[0] % config.headDim() != 0
        || (tensor.shape().length == 1
            && tensor.type() != null
            && tensor.type().blockElements() != 1)) {
      throw file.broken(
          tensor.field(), "its rows are not made of heads of " + config.headDim() + " rows each");
    }
    return tensor.interleaved(config.headDim());
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public ModelConfig config() {
    return config;
  }

  @Override
  public WeightSource weights() {
    return weights;
  }

  @Override
  public String weightsDigest() {
    return files.digest();
  }

  @Override
  public Optional<Path> tokenizerJson() {
    return Optional.empty();
  }

  @Override
  public Optional<Path> tokenizerConfig() {
    return Optional.empty();
  }

  @Override
  public Optional<Path> chatTemplate() {
    return Optional.empty();
  }

  @Override
  public Optional<GgufVocabulary> vocabulary() {
    return Optional.of(vocabulary);
  }

  @Override
  public void close() {
    files.close();
  }
}
