package io.ltri.inference.model.tokenizer;

import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The ways of splitting text into words before byte-pair merging that this service knows: as named
 * by GGUF files, and as written in {@code tokenizer.json}.
 *
 * <p>All of them match one regular expression from left to right, without looking behind, and each
 * of its alternatives has two properties that {@link SafeCut} builds on: nothing follows a letter
 * in a match but letters, and nothing follows a number in a match but numbers.
 */
enum PreTokenizer {
  /** GPT-2's expression, built into the ByteLevel step. */
  GPT2(Set.of("gpt-2", "default", "phi-2"), false, false, ""),

  /** Every digit alone, then GPT-2's expression. */
  DIGITS(Set.of("smollm", "starcoder", "refact"), false, false, ""),

  /** Numbers in groups of up to three from the left; whole words looked up before merging. */
  LLAMA3(Set.of("llama-bpe", "llama3", "llama-v3"), false, true, expression("\\p{N}{1,3}")),

  /** Every digit alone, text in normalisation form C. */
  QWEN2(Set.of("qwen2"), true, false, expression("\\p{N}"));

  private final Set<String> names;
  private final boolean composes;
  private final boolean ignoresMerges;
  private final String expression;

  PreTokenizer(Set<String> names, boolean composes, boolean ignoresMerges, String expression) {
    this.names = names;
    this.composes = composes;
    this.ignoresMerges = ignoresMerges;
    this.expression = expression;
  }

  private static String expression(String numbers) {
    return "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|"
        + numbers
        + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  }

  /**
   * @param name as GGUF files name it ({@code tokenizer.ggml.pre})
   */
  static PreTokenizer named(String name) {
    for (PreTokenizer preTokenizer : values()) {
      if (preTokenizer.names.contains(name)) {
        return preTokenizer;
      }
    }
    throw new TokenizerException(
        "tokenizer.ggml.pre: pre-tokenizer \""
            + name
            + "\" is not supported (supported: gpt-2, default, phi-2, smollm, starcoder, refact,"
            + " llama-bpe, llama3, llama-v3, qwen2): take the model with its tokenizer.json instead");
  }

  /**
   * Recognises the {@code normalizer} and {@code pre_tokenizer} of a {@code tokenizer.json}.
   *
   * @return empty if the pair is none of these, so that nothing is known of its cuts
   */
  static Optional<PreTokenizer> recognise(JsonNode normalizer, JsonNode preTokenizer) {
    boolean composed = "NFC".equals(normalizer.path("type").asString(""));
    boolean plain = normalizer.isNull() || normalizer.isMissingNode();
    if (!composed && !plain) {
      return Optional.empty();
    }
    if (byteLevel(preTokenizer, true)) {
      return Optional.of(GPT2);
    }
    JsonNode steps = preTokenizer.path("pretokenizers");
    if (!"Sequence".equals(preTokenizer.path("type").asString("")) || steps.size() != 2) {
      return Optional.empty();
    }
    JsonNode first = steps.get(0);
    JsonNode second = steps.get(1);
    return switch (first.path("type").asString("")) {
      case "Digits" -> byteLevel(second, true) ? Optional.of(DIGITS) : Optional.empty();
      case "Split" -> {
        String pattern = first.path("pattern").path("Regex").asString("");
        boolean known =
            byteLevel(second, false)
                && "Isolated".equals(first.path("behavior").asString(""))
                && !first.path("invert").asBoolean(false);
        yield !known
            ? Optional.empty()
            : pattern.equals(LLAMA3.expression)
                ? Optional.of(LLAMA3)
                : pattern.equals(QWEN2.expression) ? Optional.of(QWEN2) : Optional.empty();
      }
      default -> Optional.empty();
    };
  }

  private static boolean byteLevel(JsonNode node, boolean withExpression) {
    return "ByteLevel".equals(node.path("type").asString(""))
        && !node.path("add_prefix_space").asBoolean(true)
        && node.path("use_regex").asBoolean(true) == withExpression;
  }

  boolean composes() {
    return composes;
  }

  boolean ignoresMerges() {
    return ignoresMerges;
  }

  /** The {@code normalizer} of {@code tokenizer.json}. */
  JsonNode normalizerJson() {
    return composes
        ? JsonNodeFactory.instance.objectNode().put("type", "NFC")
        : JsonNodeFactory.instance.nullNode();
  }

  /** The {@code pre_tokenizer} of {@code tokenizer.json}. */
  ObjectNode preTokenizerJson() {
    return switch (this) {
      case GPT2 -> byteLevelJson(true);
      case DIGITS ->
          sequence(
              JsonNodeFactory.instance
                  .objectNode()
                  .put("type", "Digits")
                  .put("individual_digits", true),
              byteLevelJson(true));
      case LLAMA3, QWEN2 -> {
        ObjectNode split = JsonNodeFactory.instance.objectNode().put("type", "Split");
        split.putObject("pattern").put("Regex", expression);
        split.put("behavior", "Isolated").put("invert", false);
        yield sequence(split, byteLevelJson(false));
      }
    };
  }

  private static ObjectNode sequence(ObjectNode first, ObjectNode second) {
    ObjectNode sequence = JsonNodeFactory.instance.objectNode().put("type", "Sequence");
    sequence.putArray("pretokenizers").add(first).add(second);
    return sequence;
  }

  static ObjectNode byteLevelJson(boolean withExpression) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", true)
        .put("use_regex", withExpression);
  }
}
