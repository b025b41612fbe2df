package io.ltri.inference.model.tokenizer;

import io.ltri.fuzzing.Fuzzed;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A {@code tokenizer.json}: opened, and a text encoded and decoded. */
final class TokenizerFuzz implements Fuzzed {

  private final Path file;

  TokenizerFuzz() throws IOException {
    file = Files.createTempFile("fuzzed", ".json");
  }

  @Override
  public List<byte[]> seeds() throws IOException {
    List<byte[]> seeds = new ArrayList<>();
    for (String name : List.of("gpt2", "digits", "llama3", "qwen2", "fallback")) {
      seeds.add(Files.readAllBytes(SmallTokenizers.file(name + ".json")));
    }
    String sound = new String(seeds.getFirst(), StandardCharsets.UTF_8);
    seeds.add(sound.replaceFirst("\"id\":\\s*0", "\"id\":-1").getBytes(StandardCharsets.UTF_8));
    seeds.add(
        sound.replaceFirst("\"id\":\\s*2", "\"id\":2147483647").getBytes(StandardCharsets.UTF_8));
    seeds.add(new byte[] {'{', (byte) 0xee, '}'});
    // The token for what is unknown is unknown itself, or only an added one.
    String unknown = new String(seeds.get(4), StandardCharsets.UTF_8);
    seeds.add(
        unknown.replaceFirst("(\"unk_token\":\\s*\")", "$1x").getBytes(StandardCharsets.UTF_8));
    seeds.add(unknown.replaceFirst("\"<unk>\":\\s*\\d+,", "").getBytes(StandardCharsets.UTF_8));
    return seeds;
  }

  @Override
  public List<String> words() {
    return List.of(
        "\"added_tokens\":",
        "\"normalizer\":{\"type\":\"NFC\"},",
        "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false},",
        "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(a+)+$\"},\"behavior\":\"Isolated\",\"invert\":false}",
        "{\"type\":\"Replace\",\"pattern\":{\"String\":\"\"},\"content\":\"aa\"}",
        "\"decoder\":{\"type\":\"ByteLevel\"},",
        "\"merges\":[\"a b\"],",
        "\"byte_fallback\":true,",
        "\"ignore_merges\":true,",
        "\"unk_token\":\"<unk>\",",
        "\"continuing_subword_prefix\":\"##\",",
        "\"special\":true",
        "\"WordPiece\"",
        "\"BPE\"",
        "\"Unigram\"",
        "{\"id\":0,\"content\":\"a\",\"special\":false}");
  }

  @Override
  public void read(byte[] input) throws IOException {
    Files.write(file, input);
    try (Tokenizer tokenizer = Tokenizer.open(file)) {
      int[] ids = tokenizer.encodeText("a <|im_end|> of a ship, 1234\n\u00e4\ud83d\ude00");
      String unused = tokenizer.decode(ids);
      int[] others = tokenizer.encodeTemplate("<|im_start|>user\nwho?");
    } catch (TokenizerException refused) {
      // As it should be.
    }
  }

  @Override
  public void close() throws IOException {
    Files.deleteIfExists(file);
  }
}
