package io.ltri.inference.http;

import io.ltri.inference.attention.PolicyName;
import io.ltri.inference.engine.Generator;
import io.ltri.inference.engine.OnIndexFailure;
import io.ltri.inference.engine.Sampling;
import io.ltri.inference.model.template.Message;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What chat and plain completions have in common of a request.
 *
 * @param model as the client named it; empty: it named none
 * @param choices answers to each prompt
 * @param maxTokens 0: the configured number
 * @param topLogProbabilities of other tokens in each token's place
 * @param documentId handle, or null
 * @param sources how many spans are to be named; 0: none
 */
record Asked(
    String model,
    boolean stream,
    boolean includeUsage,
    int choices,
    int maxTokens,
    boolean logProbabilities,
    int topLogProbabilities,
    Sampling sampling,
    List<String> stop,
    @Nullable String documentId,
    @Nullable PolicyName policy,
    int budgetTokens,
    @Nullable OnIndexFailure onIndexFailure,
    Duration keep,
    boolean reuse,
    @Nullable Duration deadline,
    int sources) {

  static final int MOST_CHOICES = 16;
  private static final int MOST_TOKENS = 1_000_000;
  private static final int MOST_STOPS = 16;
  private static final int MOST_SOURCES = 100;

  /**
   * @param top how many other tokens' probabilities are asked for; negative: not even the token's
   *     own
   */
  static Asked of(Fields body, int top) {
    refuse(body);
    Fields ltri = body.object("ltri").orElse(new Fields(body.node().path("ltri"), "ltri."));
    String document = body.string("document", "");
    return new Asked(
        body.string("model", ""),
        body.flag("stream", false),
        body.object("stream_options").map(o -> o.flag("include_usage", false)).orElse(false),
        body.integer("n", 1, 1, MOST_CHOICES),
        body.integer(
            "max_completion_tokens", body.integer("max_tokens", 0, 1, MOST_TOKENS), 1, MOST_TOKENS),
        top >= 0,
        Math.max(0, top),
        sampling(body),
        stop(body),
        document.isEmpty() ? null : document,
        named(ltri, "policy", PolicyName::of),
        ltri.integer("budget", 0, 0, MOST_TOKENS),
        named(ltri, "on_index_failure", Asked::onIndexFailure),
        Duration.ofSeconds(ltri.integer("keep", 0, 0, Integer.MAX_VALUE)),
        ltri.flag("reuse", true),
        ltri.has("deadline")
            ? Duration.ofMillis((long) (1000 * ltri.number("deadline", 0, 0.001, 1e6)))
            : null,
        ltri.integer("sources", 0, 0, MOST_SOURCES));
  }

  private static Sampling sampling(Fields body) {
    long seed =
        body.has("seed")
            ? body.integer("seed", 0L, Long.MIN_VALUE, Long.MAX_VALUE)
            : ThreadLocalRandom.current().nextLong();
    return new Sampling(
        body.number("temperature", 0, 0, 100),
        body.number("top_p", 1, 0, 1),
        // -1 is another way of saying off.
        Math.max(0, body.integer("top_k", 0, -1, Integer.MAX_VALUE)),
        body.number("min_p", 0, 0, 1),
        body.number("presence_penalty", 0, -2, 2),
        body.number("frequency_penalty", 0, -2, 2),
        seed);
  }

  private static List<String> stop(Fields body) {
    JsonNode stop = body.any("stop");
    if (stop == null) {
      return List.of();
    }
    List<String> stops = stop.isString() ? List.of(stop.stringValue()) : body.strings("stop");
    if (stops.size() > MOST_STOPS) {
      throw ApiException.wrongValue("stop", "'stop' has more than " + MOST_STOPS + " texts.");
    }
    if (stops.contains("")) {
      throw ApiException.wrongValue("stop", "'stop' has an empty text.");
    }
    return stops;
  }

  private static <T> @Nullable T named(Fields from, String name, Function<String, T> of) {
    String value = from.string(name, "");
    if (value.isEmpty()) {
      return null;
    }
    try {
      return of.apply(value);
    } catch (IllegalArgumentException e) {
      throw ApiException.wrongValue(
          from.param(name), "'" + from.param(name) + "': " + e.getMessage());
    }
  }

  private static OnIndexFailure onIndexFailure(String value) {
    for (OnIndexFailure mode : OnIndexFailure.values()) {
      if (mode.name().toLowerCase(Locale.ROOT).equals(value)) {
        return mode;
      }
    }
    throw new IllegalArgumentException("'" + value + "' is not one of degrade, recompute, fail");
  }

  /** What would change the answer, and is not served, must not be passed over. */
  private static void refuse(Fields body) {
    String choice = body.node().path("tool_choice").asString("");
    for (String name : List.of("tools", "functions")) {
      if (!body.array(name).isEmpty() && !choice.equals("none")) {
        throw ApiException.unsupported(
            name, "'" + name + "' are not served: leave them out, or set tool_choice to \"none\".");
      }
    }
    String format =
        body.object("response_format").map(f -> f.string("type", "text")).orElse("text");
    if (!format.equals("text")) {
      throw ApiException.unsupported(
          "response_format",
          "'response_format' of type '"
              + format
              + "' is not served, for nothing here makes an answer keep to a grammar: ask for JSON in the prompt and check what comes.");
    }
    JsonNode bias = body.any("logit_bias");
    if (bias != null && !bias.isEmpty()) {
      throw ApiException.unsupported("logit_bias", "'logit_bias' is not served: leave it out.");
    }
    for (String modality : body.strings("modalities")) {
      if (!modality.equals("text")) {
        throw ApiException.unsupported(
            "modalities", "Only text is served, not '" + modality + "'.");
      }
    }
    if (body.flag("echo", false)) {
      throw ApiException.unsupported("echo", "'echo' is not served: leave it out.");
    }
    if (!body.string("suffix", "").isEmpty()) {
      throw ApiException.unsupported("suffix", "'suffix' is not served: leave it out.");
    }
    if (body.integer("best_of", 1, 1, MOST_CHOICES) > body.integer("n", 1, 1, MOST_CHOICES)) {
      throw ApiException.unsupported("best_of", "'best_of' above 'n' is not served.");
    }
  }

  /**
   * The engine's request for one choice.
   *
   * @param messages empty where there is a raw prompt
   */
  Generator.Request request(
      List<Message> messages,
      int @Nullable [] rawPrompt,
      int choice,
      String tenant,
      int maxPromptTokens) {
    return new Generator.Request(
        documentId,
        messages,
        rawPrompt,
        sampling.withSeed(sampling.seed() + choice),
        maxTokens,
        stop,
        deadline,
        policy,
        budgetTokens,
        logProbabilities,
        topLogProbabilities,
        maxPromptTokens,
        reuse,
        tenant,
        keep,
        onIndexFailure,
        sources,
        new int[0]);
  }

  /** The messages of a chat, of text alone. */
  static List<Message> messages(Fields body) {
    List<Fields> given = body.objects("messages");
    if (given.isEmpty()) {
      throw body.has("messages")
          ? ApiException.wrongValue(
              "messages", "'messages' is empty: the last one must be the user's.")
          : ApiException.missing("messages");
    }
    List<Message> messages = new ArrayList<>();
    for (Fields message : given) {
      String role = message.requiredString("role");
      switch (role) {
        case "system", "developer" -> messages.add(new Message("system", content(message)));
        case "user" -> messages.add(new Message(role, content(message)));
        case "assistant" -> {
          if (!message.array("tool_calls").isEmpty()) {
            throw ApiException.unsupported(
                message.param("tool_calls"), "Tool calls are not served: leave them out.");
          }
          messages.add(new Message(role, content(message)));
        }
        case "tool", "function" ->
            throw ApiException.unsupported(
                message.param("role"), "Messages of role '" + role + "' are not served.");
        default ->
            throw ApiException.wrongValue(
                message.param("role"),
                "'"
                    + message.param("role")
                    + "' is '"
                    + role
                    + "': it must be system, developer, user or assistant.");
      }
    }
    if (!messages.getLast().role().equals("user")) {
      throw ApiException.wrongValue("messages", "The last of the messages must be the user's.");
    }
    return messages;
  }

  private static String content(Fields message) {
    JsonNode content = message.any("content");
    if (content == null) {
      throw ApiException.missing(message.param("content"));
    }
    if (content.isString()) {
      return content.stringValue();
    }
    if (!content.isArray()) {
      throw ApiException.wrongType(
          message.param("content"), "a string or an array of parts", Fields.kind(content));
    }
    StringBuilder text = new StringBuilder();
    for (Fields part : message.objects("content")) {
      String type = part.requiredString("type");
      if (!type.equals("text")) {
        throw ApiException.unsupported(
            part.param("type"), "Parts of type '" + type + "' are not served: send text alone.");
      }
      text.append(part.requiredString("text"));
    }
    return text.toString();
  }
}
