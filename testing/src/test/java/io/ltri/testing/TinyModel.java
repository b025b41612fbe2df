package io.ltri.testing;

import io.ltri.client.Message;
import io.ltri.client.Question;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;

/**
 * A random model that takes milliseconds: what it says means nothing, but it is always the same.
 */
final class TinyModel {
  static final Path FOLDER = Path.of("../inference-service/src/test/resources/models/tiny-llama");

  private TinyModel() {}

  /** Settings under which a text of some hundred words has spans and look-ups. */
  static final Map<String, Object> SETTINGS =
      Map.of(
          "ltri.inference.precision", "fp32",
          "ltri.inference.threads", 1,
          "ltri.inference.sink-tokens", 8,
          "ltri.inference.window-tokens", 48,
          "ltri.inference.chunk-tokens", 32,
          "ltri.inference.reading-budget-tokens", 64,
          "ltri.inference.budget-tokens", 64,
          "ltri.inference.span-shortest", 4,
          "ltri.inference.span-longest", 16,
          "ltri.inference.span-uniform-tokens", 8);

  static LtriExtension services() {
    LtriExtension services = LtriExtension.withModel(FOLDER);
    SETTINGS.forEach(services::with);
    return services;
  }

  static String text(int words, long seed) {
    List<String> vocabulary =
        List.of("the", "lamp", "keeper", "wrote", "again", "of", "ships", "and", "weather", "sea");
    return new Random(seed)
        .ints(words, 0, vocabulary.size())
        .mapToObj(vocabulary::get)
        .collect(Collectors.joining(" "));
  }

  static Question.Builder question(String documentId, String text) {
    return Question.builder().documentId(documentId).message(Message.user(text)).maxTokens(12);
  }
}
