package io.ltri.inference.http;

import io.ltri.inference.engine.Generator;
import io.ltri.inference.engine.Generator.FinishReason;
import io.ltri.inference.engine.Source;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The figures of answers: all of them, and those that OpenAI counts. */
final class FiguresJson {

  private FiguresJson() {}

  static ObjectNode figures(JsonMapper mapper, Generator.Figures figures) {
    ObjectNode node = mapper.createObjectNode();
    node.put("finish_reason", figures.finishReason().name().toLowerCase(Locale.ROOT));
    node.put("prompt_tokens", figures.promptTokens());
    node.put("reused_tokens", figures.reusedTokens());
    node.put("generated_tokens", figures.generatedTokens());
    node.put("lookups", figures.retrieval().lookups());
    node.put("lookups_missed", figures.retrieval().lookupsMissed());
    node.put("lookups_hedged", figures.retrieval().lookupsHedged());
    node.put("first_miss", figures.retrieval().firstMiss());
    node.put("spans_fetched", figures.retrieval().spansFetched());
    node.put("bytes_fetched", figures.retrieval().bytesFetched());
    node.put("spans_from_cache", figures.retrieval().spansFromCache());
    node.put("retrieved_tokens", figures.retrieval().retrievedTokens());
    node.put("spans_lost", figures.retrieval().spansLost());
    node.put("blocks_damaged", figures.retrieval().blocksDamaged());
    node.put("recomputed_tokens", figures.recomputedTokens());
    node.put("reuse_missed", figures.reuseMissed());
    node.put("first_token_millis", figures.firstTokenMillis());
    node.put("elapsed_millis", figures.elapsedMillis());
    node.put("seed", figures.seed());
    node.put("document_id", figures.documentId());
    node.put("document_attention", figures.documentAttention());
    node.put("kept_id", figures.kept() == null ? null : figures.kept().id());
    node.put("keep_problem", figures.kept() == null ? null : figures.kept().problem());
    return node;
  }

  /** Best first. */
  static ArrayNode sources(JsonMapper mapper, List<Source> sources) {
    ArrayNode list = mapper.createArrayNode();
    for (Source source : sources) {
      ObjectNode node = list.addObject().put("document", source.documentId());
      node.put("start", source.start()).put("end", source.end());
      node.put("weight", source.weight()).put("attention", source.attention());
      node.put("page", source.page());
      if (!source.text().isEmpty()) {
        node.put("text", source.text());
      }
    }
    return list;
  }

  /**
   * @param prompts figures of the first choice of each prompt, whose tokens count once
   * @param choices of all choices
   */
  static ObjectNode usage(
      JsonMapper mapper, List<Generator.Figures> prompts, List<Generator.Figures> choices) {
    long prompt = prompts.stream().mapToLong(Generator.Figures::promptTokens).sum();
    long cached = prompts.stream().mapToLong(Generator.Figures::reusedTokens).sum();
    long completion = choices.stream().mapToLong(Generator.Figures::generatedTokens).sum();
    ObjectNode usage = mapper.createObjectNode();
    usage.put("prompt_tokens", prompt);
    usage.put("completion_tokens", completion);
    usage.put("total_tokens", prompt + completion);
    usage.putObject("prompt_tokens_details").put("cached_tokens", cached).put("audio_tokens", 0);
    usage.putObject("completion_tokens_details").put("reasoning_tokens", 0).put("audio_tokens", 0);
    return usage;
  }

  /** OpenAI has no word for an answer that its deadline cut: it is one that could be longer. */
  static String finish(FinishReason reason) {
    return switch (reason) {
      case STOP -> "stop";
      case LENGTH, DEADLINE -> "length";
    };
  }
}
