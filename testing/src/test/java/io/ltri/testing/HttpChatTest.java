package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.ltri.client.Answer;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** OpenAI's shapes, as a client without a library sees them. */
class HttpChatTest {

  @RegisterExtension
  static final LtriExtension LTRI =
      TinyModel.services()
          .with("ltri.inference.http.max-prompt-tokens", 4000)
          .with("ltri.inference.http.max-body", "500KB");

  private final Http http = new Http(LTRI::http);

  private static String chat(String more) {
    return "{\"messages\":[{\"role\":\"user\",\"content\":\"what did the keeper write?\"}],"
        + "\"max_tokens\":6"
        + more
        + "}";
  }

  @Test
  void aChatOverHttpIsTheSameAnswerAsOverGrpc() throws InterruptedException {
    String id = http.document("a text", TinyModel.text(600, 1)).path("id").asString("");
    Answer expected =
        LTRI.client()
            .generate(TinyModel.question(id, "what did the keeper write?").maxTokens(6).build());
    Http.Reply reply = http.post("/v1/chat/completions", chat(",\"document\":\"" + id + "\""));
    assertThat(reply.status()).as(reply.text()).isEqualTo(200);
    JsonNode body = reply.json();
    assertThat(body.path("object").asString("")).isEqualTo("chat.completion");
    JsonNode choice = body.path("choices").path(0);
    assertThat(choice.path("message").path("role").asString("")).isEqualTo("assistant");
    assertThat(choice.path("message").path("content").asString("")).isEqualTo(expected.text());
    assertThat(choice.path("finish_reason").asString("")).isEqualTo("length");
    JsonNode usage = body.path("usage");
    assertThat(usage.path("prompt_tokens").asLong(0)).isEqualTo(expected.figures().promptTokens());
    assertThat(usage.path("completion_tokens").asLong(0)).isEqualTo(6);
    assertThat(usage.path("total_tokens").asLong(0))
        .isEqualTo(expected.figures().promptTokens() + 6);
    assertThat(usage.path("prompt_tokens_details").path("cached_tokens").asLong(0))
        .isEqualTo(expected.figures().reusedTokens())
        .isPositive();
    JsonNode figures = body.path("ltri").path("figures");
    assertThat(figures.path("document_id").asString("")).isEqualTo(id);
    assertThat(figures.path("lookups").asLong(0)).isPositive();
  }

  @Test
  void aStreamHasTheTextInPiecesThenItsUsageThenTheEndMark() {
    JsonNode whole = http.post("/v1/chat/completions", chat("")).json();
    Http.Reply stream =
        http.post(
            "/v1/chat/completions",
            chat(",\"stream\":true,\"stream_options\":{\"include_usage\":true}"));
    assertThat(stream.type()).startsWith("text/event-stream");
    assertThat(stream.text()).endsWith("data: [DONE]\n\n");
    List<JsonNode> events = stream.events();
    String text =
        events.stream()
            .map(event -> event.path("choices").path(0).path("delta").path("content").asString(""))
            .collect(Collectors.joining());
    assertThat(text)
        .isEqualTo(whole.path("choices").path(0).path("message").path("content").asString(""));
    assertThat(events.getFirst().path("choices").path(0).path("delta").path("role").asString(""))
        .isEqualTo("assistant");
    assertThat(events)
        .allSatisfy(
            event -> {
              assertThat(event.path("object").asString("")).isEqualTo("chat.completion.chunk");
              assertThat(event.path("id")).isEqualTo(events.getFirst().path("id"));
            });
    JsonNode last = events.getLast();
    assertThat(last.path("choices").isEmpty()).isTrue();
    assertThat(last.path("usage")).isEqualTo(whole.path("usage"));
    JsonNode end = events.get(events.size() - 2);
    assertThat(end.path("choices").path(0).path("finish_reason").asString("")).isEqualTo("length");
    assertThat(end.path("usage").isNull()).isTrue();
    assertThat(end.path("ltri").path("figures").path("generated_tokens").asInt(0)).isEqualTo(6);
    assertThat(http.post("/v1/chat/completions", chat(",\"stream\":true")).events())
        .noneMatch(event -> event.has("usage"));
  }

  @Test
  void logProbabilitiesAreThoseOfTheTokensAndTheirAlternatives() {
    JsonNode content =
        http.post("/v1/chat/completions", chat(",\"logprobs\":true,\"top_logprobs\":3"))
            .json()
            .path("choices")
            .path(0)
            .path("logprobs")
            .path("content");
    assertThat(content.size()).isEqualTo(6);
    for (JsonNode token : content) {
      assertThat(token.path("top_logprobs").size()).isEqualTo(3);
      // The most probable token is the one that a greedy answer takes.
      assertThat(token.path("top_logprobs").path(0).path("logprob"))
          .isEqualTo(token.path("logprob"));
      assertThat(token.path("logprob").asDouble(1)).isLessThanOrEqualTo(0);
      assertThat(token.path("bytes").isArray()).isTrue();
    }
  }

  @Test
  void asManyChoicesComeAsAreAskedForAndEachSeedGivesItsOwn() {
    String hot = ",\"n\":3,\"temperature\":1.5,\"seed\":7";
    JsonNode body = http.post("/v1/chat/completions", chat(hot)).json();
    assertThat(body.path("choices").size()).isEqualTo(3);
    assertThat(body.path("choices").path(2).path("index").asInt(0)).isEqualTo(2);
    assertThat(body.path("usage").path("completion_tokens").asInt(0)).isBetween(3, 18);
    assertThat(body.path("choices").path(0).path("message"))
        .isNotEqualTo(body.path("choices").path(1).path("message"));
    assertThat(http.post("/v1/chat/completions", chat(hot)).json().path("choices"))
        .isEqualTo(body.path("choices"));
  }

  @Test
  void aFrequencyPenaltyKeepsTokensFromComingAgain() {
    JsonNode content =
        http.post(
                "/v1/chat/completions",
                chat(",\"logprobs\":true,\"frequency_penalty\":2,\"presence_penalty\":2"))
            .json()
            .path("choices")
            .path(0)
            .path("logprobs")
            .path("content");
    assertThat(content.size()).isPositive();
  }

  @Test
  void aPlainCompletionTakesTextsAndTokens() {
    String text = "the keeper wrote";
    JsonNode tokens = http.post("/tokenize", "{\"prompt\":\"" + text + "\"}").json();
    assertThat(tokens.path("count").asInt(0)).isEqualTo(tokens.path("tokens").size()).isPositive();
    JsonNode byText =
        http.post("/v1/completions", "{\"prompt\":\"" + text + "\",\"max_tokens\":5}").json();
    assertThat(byText.path("object").asString("")).isEqualTo("text_completion");
    assertThat(byText.path("usage").path("prompt_tokens")).isEqualTo(tokens.path("count"));
    JsonNode byTokens =
        http.post(
                "/v1/completions",
                "{\"prompt\":" + tokens.path("tokens") + ",\"max_tokens\":5,\"logprobs\":2}")
            .json();
    assertThat(byTokens.path("choices").path(0).path("text"))
        .isEqualTo(byText.path("choices").path(0).path("text"));
    JsonNode probabilities = byTokens.path("choices").path(0).path("logprobs");
    assertThat(probabilities.path("tokens").size()).isEqualTo(5);
    assertThat(probabilities.path("top_logprobs").path(0).size()).isEqualTo(2);
    JsonNode two =
        http.post("/v1/completions", "{\"prompt\":[\"" + text + "\",\"the sea\"],\"max_tokens\":5}")
            .json();
    assertThat(two.path("choices").size()).isEqualTo(2);
    assertThat(two.path("choices").path(0).path("text"))
        .isEqualTo(byText.path("choices").path(0).path("text"));
    JsonNode back = http.post("/detokenize", "{\"tokens\":" + tokens.path("tokens") + "}").json();
    assertThat(back.path("prompt").asString("")).isEqualTo(text);
  }

  @Test
  void theModelIsListedAndAnotherIsNotServed() {
    JsonNode models = http.get("/v1/models").json();
    String name = models.path("data").path(0).path("id").asString("");
    assertThat(name).isNotEmpty();
    assertThat(http.get("/v1/models/" + name).status()).isEqualTo(200);
    assertThat(http.post("/v1/chat/completions", chat(",\"model\":\"" + name + "\"")).status())
        .isEqualTo(200);
    Http.Reply other = http.post("/v1/chat/completions", chat(",\"model\":\"gpt-4\""));
    assertThat(other.status()).isEqualTo(404);
    assertThat(other.errorCode()).isEqualTo("model_not_found");
    assertThat(http.get("/v1/models/a/b").errorCode()).isEqualTo("model_not_found");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "temperature | \"hot\" | invalid_type",
        "temperature | -1 | invalid_value",
        "top_p | 2 | invalid_value",
        "n | 1.5 | invalid_type",
        "n | 0 | invalid_value",
        "stream | 1 | invalid_type",
        "stop | [1] | invalid_type",
        "max_tokens | 0 | invalid_value",
        "seed | \"a\" | invalid_type",
        "presence_penalty | 3 | invalid_value",
        "document | 7 | invalid_type",
        "ltri | [] | invalid_type",
        "tools | [{\"type\":\"function\"}] | unsupported_parameter",
        "response_format | {\"type\":\"json_object\"} | unsupported_parameter",
        "logit_bias | {\"50\":1} | unsupported_parameter",
        "top_logprobs | 3 | invalid_value",
      })
  void whatCannotBeServedIsRefusedByName(String field, String value, String code) {
    Http.Reply reply = http.post("/v1/chat/completions", chat(",\"" + field + "\":" + value));
    assertThat(reply.status()).as(reply.text()).isEqualTo(400);
    assertThat(reply.errorCode()).isEqualTo(code);
    assertThat(reply.errorParam()).startsWith(field);
    assertThat(reply.json().path("error").path("type").asString(""))
        .isEqualTo("invalid_request_error");
  }

  @Test
  void unknownFieldsAndNullsAreIgnored() {
    assertThat(
            http.post(
                    "/v1/chat/completions",
                    chat(",\"user\":\"me\",\"store\":false,\"temperature\":null,\"tools\":[]"))
                .status())
        .isEqualTo(200);
  }

  @Test
  void aBodyThatIsNoJsonIsRefused() {
    assertThat(http.post("/v1/chat/completions", "{\"messages\":").errorCode())
        .isEqualTo("invalid_json");
    assertThat(http.post("/v1/chat/completions", "[]").errorCode()).isEqualTo("invalid_type");
    assertThat(http.post("/v1/chat/completions", "{}").errorParam()).isEqualTo("messages");
    Http.Reply form =
        http.send(
            http.request("/v1/chat/completions")
                .header("content-type", "text/plain")
                .POST(java.net.http.HttpRequest.BodyPublishers.ofString(chat("")))
                .build());
    assertThat(form.status()).isEqualTo(415);
    Http.Reply nowhere = http.get("/v1/nothing");
    assertThat(nowhere.status()).isEqualTo(404);
    assertThat(nowhere.errorCode()).isEqualTo("unknown_url");
    assertThat(http.get("/v1/chat/completions").status()).isEqualTo(405);
  }

  @Test
  void pagesOfOthersAndNamesThatPointHereAreKeptOut() throws java.io.IOException {
    assertThat(
            http.send(http.request("/v1/models").header("origin", "https://evil.example").build())
                .errorCode())
        .isEqualTo("foreign_origin");
    assertThat(
            http.send(http.request("/v1/models").header("origin", LTRI.http().toString()).build())
                .status())
        .isEqualTo(200);
    try (java.net.Socket socket =
        new java.net.Socket(LTRI.http().getHost(), LTRI.http().getPort())) {
      socket
          .getOutputStream()
          .write(
              "GET /v1/models HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n"
                  .getBytes(java.nio.charset.StandardCharsets.US_ASCII));
      String answer =
          new String(
              socket.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
      assertThat(answer).startsWith("HTTP/1.1 403").contains("foreign_host");
    }
  }

  @Test
  void aPromptThatIsTooLongIsRefusedAndNotCut() {
    String words = TinyModel.text(5000, 3);
    Http.Reply reply =
        http.post(
            "/v1/chat/completions",
            "{\"messages\":[{\"role\":\"user\",\"content\":\"" + words + "\"}]}");
    assertThat(reply.status()).as(reply.text()).isEqualTo(400);
    assertThat(reply.errorCode()).isEqualTo("context_length_exceeded");
    Http.Reply huge =
        http.post("/v1/chat/completions", "{\"messages\":\"" + "x".repeat(600_000) + "\"}");
    assertThat(huge.status()).isEqualTo(413);
  }

  @Test
  void anUnknownDocumentIsNotFoundBeforeAnythingIsStreamed() {
    Http.Reply reply =
        http.post("/v1/chat/completions", chat(",\"stream\":true,\"document\":\"nothing\""));
    assertThat(reply.status()).isEqualTo(404);
    assertThat(reply.errorCode()).isEqualTo("document_not_found");
  }
}
