package io.ltri.inference.model;

import io.ltri.fuzzing.Fuzzed;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** A safetensors file: its header is the input, and as much data as the tiny model has follows. */
final class SafetensorsFuzz implements Fuzzed {

  private static final Path FOLDER = TestModels.model("tiny-llama");
  private static final Path FILE = FOLDER.resolve("model.safetensors");
  private static final int HEADER = 2_128;

  private final ModelConfig config = HuggingFaceConfig.read(FOLDER);

  @Override
  public List<byte[]> seeds() throws IOException {
    return List.of(Arrays.copyOf(Files.readAllBytes(FILE), HEADER));
  }

  @Override
  public List<String> words() {
    return List.of(
        "\"__metadata__\":", "\"dtype\":", "\"shape\":", "\"data_offsets\":", "BF16", "F64", "F32");
  }

  @Override
  public void read(byte[] input) throws IOException {
    byte[] file = Arrays.copyOf(input, input.length + (int) Files.size(FILE) - HEADER);
    try {
      MappedWeights weights =
          new MappedWeights(
              SafetensorsFile.read(new MappedFile(FILE, MemorySegment.ofArray(file))));
      weights.verify(config, FILE);
      config.forEachTensor((name, shape) -> TestModels.read(weights, name));
    } catch (ModelFileException refused) {
      // As it should be.
    }
  }
}
