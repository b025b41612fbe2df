package io.ltri.inference.engine;

import io.ltri.inference.model.GgufVocabulary;
import io.ltri.inference.model.ModelFileException;
import io.ltri.inference.model.ModelSource;
import io.ltri.inference.model.template.ChatTemplate;
import io.ltri.inference.model.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Tokenizer and chat template of a model, from whichever of its files holds them. */
final class ModelTexts {

  private ModelTexts() {}

  static Tokenizer tokenizer(ModelSource source) throws IOException {
    Optional<Path> json = source.tokenizerJson();
    if (json.isPresent()) {
      return Tokenizer.open(json.get());
    }
    return Tokenizer.of(
        source
            .vocabulary()
            .orElseThrow(
                () -> new IllegalArgumentException(source.name() + " comes without a tokenizer")));
  }

  /** A chat template and the variables that it may ask for. */
  record Chat(ChatTemplate template, Map<String, String> variables) {}

  static Chat chat(ModelSource source) throws IOException {
    Optional<GgufVocabulary> vocabulary = source.vocabulary();
    if (vocabulary.isPresent()) {
      GgufVocabulary v = vocabulary.get();
      String text = v.chatTemplate();
      if (text == null) {
        throw noTemplate(source.name());
      }
      return chat(text, piece(v, v.bos()), piece(v, v.eos()));
    }
    JsonNode config = JsonMapper.shared().createObjectNode();
    Optional<Path> file = source.tokenizerConfig();
    if (file.isPresent()) {
      try {
        config = JsonMapper.shared().readTree(read(file.get()));
      } catch (JacksonException e) {
        throw new ModelFileException(file.get(), "json", "is no JSON (" + e.getMessage() + ")", e);
      }
    }
    Optional<Path> jinja = source.chatTemplate();
    String text =
        jinja.isPresent() ? read(jinja.get()) : chatTemplate(config.path("chat_template"));
    if (text.isEmpty()) {
      throw noTemplate(source.name());
    }
    return chat(text, token(config.path("bos_token")), token(config.path("eos_token")));
  }

  private static Chat chat(String text, String bos, String eos) {
    return new Chat(ChatTemplate.parse(text), Map.of("bos_token", bos, "eos_token", eos));
  }

  private static String read(Path file) throws IOException {
    try {
      return Files.readString(file);
    } catch (CharacterCodingException e) {
      throw new ModelFileException(file, "file", "is not UTF-8", e);
    }
  }

  /** A string, or a list of named ones of which "default" is meant. */
  private static String chatTemplate(JsonNode node) {
    if (node.isArray()) {
      for (JsonNode named : node) {
        if (named.path("name").asString("").equals("default")) {
          return named.path("template").asString("");
        }
      }
    }
    return node.asString("");
  }

  /** A string, or an object with its content. */
  private static String token(JsonNode node) {
    return node.isObject() ? node.path("content").asString("") : node.asString("");
  }

  private static String piece(GgufVocabulary vocabulary, int id) {
    return id < 0 ? "" : vocabulary.tokens().get(id);
  }

  private static IllegalArgumentException noTemplate(String model) {
    return new IllegalArgumentException(
        model
            + " has no chat template, so it is no instruct model: use one that has, or put a chat_template.jinja into its folder");
  }
}
