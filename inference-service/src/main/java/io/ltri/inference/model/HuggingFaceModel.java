package io.ltri.inference.model;

import io.ltri.inference.tensor.WeightSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/** A folder as transformers saves it. */
final class HuggingFaceModel implements ModelSource {

  static final String CONFIG = "config.json";
  static final String INDEX = "model.safetensors.index.json";
  static final String SINGLE = "model.safetensors";

  private static final Pattern SHARD = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,250}");

  private final Path folder;
  private final ModelConfig config;
  private final MappedWeights weights;
  private final WeightFiles files;

  private HuggingFaceModel(
      Path folder, ModelConfig config, MappedWeights weights, WeightFiles files) {
    this.folder = folder;
    this.config = config;
    this.weights = weights;
    this.files = files;
  }

  static HuggingFaceModel open(Path folder) {
    ModelConfig config = HuggingFaceConfig.read(folder);
    WeightFiles files = new WeightFiles();
    try {
      Path index = folder.resolve(INDEX);
      Path single = folder.resolve(SINGLE);
      MappedWeights weights;
      // As transformers: the single file wins.
      if (Files.exists(single) || !Files.exists(index)) {
        weights = new MappedWeights(single(folder, files));
        weights.verify(config, single);
      } else {
        weights = new MappedWeights(sharded(folder, JsonFile.read(index), files));
        weights.verify(config, index);
      }
      return new HuggingFaceModel(folder, config, weights, files);
    } catch (RuntimeException e) {
      files.close();
      throw e;
    }
  }

  private static Map<String, MappedTensor> single(Path folder, WeightFiles files) {
    Path path = folder.resolve(SINGLE);
    if (!Files.exists(path)) {
      throw new ModelFileException(
          folder,
          SINGLE,
          "is missing, and so is "
              + INDEX
              + "; weights in other formats are not read: convert them to safetensors");
    }
    return SafetensorsFile.read(files.map(path));
  }

  /** The names of the files that an index spreads the weights over. */
  static Set<String> shards(JsonFile index) {
    return new TreeSet<>(shardOfTensor(index).values());
  }

  private static Map<String, String> shardOfTensor(JsonFile index) {
    JsonFile map = index.object("weight_map");
    if (map == null) {
      throw index.broken("weight_map", "is missing");
    }
    Map<String, String> result = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry : map.root().properties()) {
      String shard = map.text(entry.getKey());
      // Nothing outside of the folder is a part of the model.
      if (!SHARD.matcher(shard).matches()) {
        throw map.broken(entry.getKey(), ModelFileException.quoted(shard) + " is no file name");
      }
      result.put(entry.getKey(), shard);
    }
    return result;
  }

  private static Map<String, MappedTensor> sharded(Path folder, JsonFile index, WeightFiles files) {
    Map<String, String> shardOf = shardOfTensor(index);
    Map<String, MappedTensor> all = new LinkedHashMap<>();
    for (String shard : new TreeSet<>(shardOf.values())) {
      MappedFile file = files.map(folder.resolve(shard));
      SafetensorsFile.read(file)
          .forEach(
              (name, tensor) -> {
                MappedTensor other = all.put(name, tensor);
                if (other != null) {
                  throw file.broken(name, "is in " + other.file().getFileName() + " as well");
                }
              });
    }
    shardOf.forEach(
        (name, shard) -> {
          MappedTensor tensor = all.get(name);
          if (tensor == null || !tensor.file().equals(folder.resolve(shard))) {
            throw new ModelFileException(
                folder.resolve(shard), name, "tensor is missing, though the index places it here");
          }
        });
    return all;
  }

  @Override
  public String name() {
    return String.valueOf(folder.toAbsolutePath().normalize().getFileName());
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
    return existing("tokenizer.json");
  }

  @Override
  public Optional<Path> tokenizerConfig() {
    return existing("tokenizer_config.json");
  }

  @Override
  public Optional<Path> chatTemplate() {
    return existing("chat_template.jinja");
  }

  @Override
  public Optional<GgufVocabulary> vocabulary() {
    return Optional.empty();
  }

  private Optional<Path> existing(String name) {
    return Optional.of(folder.resolve(name)).filter(Files::isRegularFile);
  }

  @Override
  public void close() {
    files.close();
  }
}
