package io.ltri.inference.model.tokenizer;

import io.ltri.inference.model.GgufVocabulary;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The small tokenizers of the tests, one per pre-tokenizer family; made by {@code
 * src/test/python/make_tokenizer_goldens.py}. Opened once, closed with the virtual machine.
 */
final class SmallTokenizers {

  /** Resource name to GGUF pre-tokenizer name. */
  static final Map<String, String> FAMILIES =
      Map.of("gpt2", "gpt-2", "digits", "smollm", "llama3", "llama-bpe", "qwen2", "qwen2");

  private static final Map<String, Tokenizer> OPEN = new ConcurrentHashMap<>();

  private SmallTokenizers() {}

  static Tokenizer tokenizer(String family) {
    return OPEN.computeIfAbsent(family, SmallTokenizers::open);
  }

  /** The same tokenizer, rebuilt from what a GGUF file would hold of it. */
  static Tokenizer rebuilt(String family) {
    return OPEN.computeIfAbsent("rebuilt " + family, name -> Tokenizer.of(vocabulary(family)));
  }

  private static Tokenizer open(String family) {
    try {
      return Tokenizer.open(file(family + ".json"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Path file(String name) {
    try {
      return Path.of(
          Objects.requireNonNull(SmallTokenizers.class.getResource("/tokenizer/" + name)).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  static JsonNode json(String name) {
    try (InputStream in = SmallTokenizers.class.getResourceAsStream("/tokenizer/" + name)) {
      return JsonMapper.builder().build().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static GgufVocabulary vocabulary(String family) {
    JsonNode root = json(family + ".json");
    JsonNode vocab = root.path("model").path("vocab");
    int size = vocab.size();
    for (JsonNode added : root.path("added_tokens")) {
      size = Math.max(size, added.path("id").asInt() + 1);
    }
    List<String> tokens = new ArrayList<>(Collections.nCopies(size, ""));
    List<Integer> types = new ArrayList<>(Collections.nCopies(size, 1));
    vocab.properties().forEach(e -> tokens.set(e.getValue().asInt(), e.getKey()));
    for (JsonNode added : root.path("added_tokens")) {
      int id = added.path("id").asInt();
      tokens.set(id, added.path("content").asString());
      types.set(id, added.path("special").asBoolean() ? 3 : 4);
    }
    List<String> merges = new ArrayList<>();
    root.path("model")
        .path("merges")
        .forEach(merge -> merges.add(merge.get(0).asString() + " " + merge.get(1).asString()));
    return new GgufVocabulary(
        "gpt2",
        Objects.requireNonNull(FAMILIES.get(family)),
        tokens,
        merges,
        types,
        -1,
        -1,
        -1,
        false,
        false,
        null);
  }
}
