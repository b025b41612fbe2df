package io.ltri.inference.model;

import io.ltri.fuzzing.Fuzzed;
import io.ltri.inference.model.tokenizer.Tokenizer;
import io.ltri.inference.model.tokenizer.TokenizerException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** A GGUF file: its header is the input, and as much data as the tiny model has follows it. */
final class GgufFuzz implements Fuzzed {

  private static final Path FILE =
      TestModels.model("tiny-llama-quantised-gguf").resolve("tiny-llama-quantised.gguf");
  private static final int HEADER = 6_720;
  private static final int DATA = 72_000;

  @Override
  public List<byte[]> seeds() throws IOException {
    return List.of(
        Arrays.copyOf(Files.readAllBytes(FILE), HEADER),
        Arrays.copyOf(
            Files.readAllBytes(TestModels.model("tiny-qwen2-gguf").resolve("tiny-qwen2.gguf")),
            HEADER));
  }

  @Override
  public List<String> words() {
    return List.of(
        "general.architecture",
        "general.alignment",
        "split.count",
        "llama.block_count",
        "llama.rope.scaling.type",
        "llama.rope.scaling.factor",
        "tokenizer.ggml.tokens",
        "tokenizer.ggml.merges",
        "tokenizer.ggml.token_type",
        "tokenizer.chat_template",
        "blk.0.attn_q.weight",
        "rope_freqs.weight",
        "llama",
        "qwen2",
        "\b\0\0\0",
        "\t\0\0\0");
  }

  @Override
  public void read(byte[] input) {
    byte[] file = Arrays.copyOf(input, input.length + DATA);
    MappedFile mapped = new MappedFile(FILE, MemorySegment.ofArray(file));
    try (ModelSource source = GgufModel.read(mapped, new WeightFiles())) {
      source.config().shape();
      source.config().forEachTensor((name, shape) -> TestModels.read(source.weights(), name));
      try (Tokenizer tokenizer = Tokenizer.of(source.vocabulary().orElseThrow())) {
        int[] ids = tokenizer.encodeText("a <|im_end|> of a ship");
        String unused = tokenizer.decode(ids);
      }
    } catch (ModelFileException | TokenizerException refused) {
      // As it should be.
    }
  }
}
