package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiChatRequestParameters;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import dev.langchain4j.model.openai.OpenAiTokenUsage;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** LangChain4j's OpenAI client, unchanged, against this server. */
class LangChainTest {

  @RegisterExtension static final LtriExtension LTRI = TinyModel.services();

  private static String model() {
    return new Http(LTRI::http)
        .get("/v1/models")
        .json()
        .path("data")
        .path(0)
        .path("id")
        .asString("");
  }

  private static ChatRequest question() {
    return ChatRequest.builder()
        .messages(
            SystemMessage.from("You keep the log."), UserMessage.from("What did the keeper write?"))
        .build();
  }

  private static OpenAiChatModel chat() {
    return OpenAiChatModel.builder()
        .baseUrl(LTRI.http() + "/v1")
        .apiKey("unused")
        .modelName(model())
        .temperature(0.0)
        .maxTokens(8)
        .maxRetries(0)
        .build();
  }

  @Test
  void aChatAndItsStreamAreTheSameAnswer() throws Exception {
    ChatResponse whole = chat().chat(question());
    assertThat(whole.aiMessage().text()).isNotEmpty();
    assertThat(whole.tokenUsage().outputTokenCount()).isEqualTo(8);
    StringBuilder pieces = new StringBuilder();
    CompletableFuture<ChatResponse> end = new CompletableFuture<>();
    OpenAiStreamingChatModel.builder()
        .baseUrl(LTRI.http() + "/v1")
        .apiKey("unused")
        .modelName(model())
        .temperature(0.0)
        .maxTokens(8)
        .build()
        .chat(
            question(),
            new StreamingChatResponseHandler() {
              @Override
              public void onPartialResponse(String piece) {
                pieces.append(piece);
              }

              @Override
              public void onCompleteResponse(ChatResponse response) {
                end.complete(response);
              }

              @Override
              public void onError(Throwable error) {
                end.completeExceptionally(error);
              }
            });
    ChatResponse streamed = end.get(60, TimeUnit.SECONDS);
    assertThat(pieces.toString()).isEqualTo(whole.aiMessage().text());
    assertThat(streamed.tokenUsage().inputTokenCount())
        .isEqualTo(whole.tokenUsage().inputTokenCount());
  }

  @Test
  void aDocumentIsNamedByACustomParameterAndItsTokensCountAsCached() {
    String id =
        new Http(LTRI::http).document("a text", TinyModel.text(300, 1)).path("id").asString("");
    ChatResponse answer =
        chat()
            .chat(
                ChatRequest.builder()
                    .messages(List.of(UserMessage.from("What did the keeper write?")))
                    .parameters(
                        OpenAiChatRequestParameters.builder()
                            .customParameters(Map.of("document", id))
                            .build())
                    .build());
    OpenAiTokenUsage usage = (OpenAiTokenUsage) answer.tokenUsage();
    assertThat(usage.inputTokensDetails().cachedTokens()).isGreaterThan(300);
  }

  @Test
  void toolsAreRefusedInWordsThatTheClientShows() {
    assertThatThrownBy(
            () ->
                chat()
                    .chat(
                        ChatRequest.builder()
                            .messages(UserMessage.from("What time is it?"))
                            .toolSpecifications(
                                ToolSpecification.builder().name("clock").description("d").build())
                            .build()))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("'tools' are not served");
  }
}
