package io.ltri.inference.model;

import io.ltri.fuzzing.Fuzzed;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A folder as transformers saves it: the first byte says which of its JSON files the rest is. */
final class ModelFolderFuzz implements Fuzzed {

  private static final Path FROM = TestModels.model("tiny-qwen3");
  private static final List<String> FILES =
      List.of("config.json", "model.safetensors.index.json", "generation_config.json");

  private final Path folder;

  ModelFolderFuzz() throws IOException {
    folder = Files.createTempDirectory("fuzzed").resolve("m");
    TestModels.copyFolder(FROM, folder);
  }

  @Override
  public List<byte[]> seeds() throws IOException {
    List<byte[]> seeds = new ArrayList<>();
    for (int i = 0; i < FILES.size(); i++) {
      ByteArrayOutputStream seed = new ByteArrayOutputStream();
      seed.write(i);
      seed.write(Files.readAllBytes(FROM.resolve(FILES.get(i))));
      seeds.add(seed.toByteArray());
    }
    return seeds;
  }

  @Override
  public List<String> words() {
    return List.of(
        "\"rope_scaling\":{\"rope_type\":\"llama3\",\"factor\":8.0,\"low_freq_factor\":1.0,\"high_freq_factor\":4.0,\"original_max_position_embeddings\":8192},",
        "\"rope_scaling\":{\"type\":\"yarn\",\"factor\":4.0},",
        "\"rope_parameters\":{\"rope_theta\":1e4},",
        "\"rope_theta\":",
        "\"head_dim\":",
        "\"eos_token_id\":[1,2],",
        "\"weight_map\":",
        "\"../../etc/passwd\"",
        "llama",
        "qwen2");
  }

  @Override
  public void read(byte[] input) throws IOException {
    if (input.length == 0) {
      return;
    }
    String name = named(Math.floorMod(input[0], FILES.size()));
    Path file = folder.resolve(name);
    Files.write(file, Arrays.copyOfRange(input, 1, input.length));
    try (ModelSource source = ModelFiles.open(folder)) {
      source.config().shape();
      source.config().forEachTensor((tensor, shape) -> source.weights().shape(tensor));
    } catch (ModelFileException refused) {
      // As it should be.
    } finally {
      Files.write(file, Files.readAllBytes(FROM.resolve(name)));
    }
  }

  /** A branch for each: a fuzzer guided by coverage takes files that are read alike for one. */
  private static String named(int kind) {
    return switch (kind) {
      case 0 -> FILES.get(0);
      case 1 -> FILES.get(1);
      default -> FILES.get(2);
    };
  }

  @Override
  public void close() throws IOException {
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
    Files.delete(folder.getParent());
  }
}
