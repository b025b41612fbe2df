package io.ltri.inference.http;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** How a choice looks: as a chat's, or as a plain completion's. */
enum Shape {
  CHAT("chatcmpl-", "chat.completion", "chat.completion.chunk") {
    @Override
    void text(ObjectNode choice, String text, boolean chunk, boolean first) {
      ObjectNode message = choice.putObject(chunk ? "delta" : "message");
      if (!chunk || first) {
        message.put("role", "assistant");
      }
      if (!chunk || first || !text.isEmpty()) {
        message.put("content", text);
      }
      if (!chunk) {
        message.putNull("refusal");
      }
    }

    @Override
    void logProbabilities(ObjectNode choice, List<Piece> pieces, int offset) {
      ObjectNode probabilities = choice.putObject("logprobs");
      ArrayNode content = probabilities.putArray("content");
      for (Piece piece : pieces) {
        ObjectNode token = content.addObject();
        token(token, piece);
        ArrayNode top = token.putArray("top_logprobs");
        piece.top().forEach(other -> token(top.addObject(), other));
      }
      probabilities.putNull("refusal");
    }

    private void token(ObjectNode node, Piece piece) {
      node.put("token", piece.text()).put("logprob", piece.logProbability());
      ArrayNode bytes = node.putArray("bytes");
      for (byte b : piece.bytes()) {
        bytes.add(b & 0xFF);
      }
    }
  },

  TEXT("cmpl-", "text_completion", "text_completion") {
    @Override
    void text(ObjectNode choice, String text, boolean chunk, boolean first) {
      choice.put("text", text);
    }

    @Override
    void logProbabilities(ObjectNode choice, List<Piece> pieces, int offset) {
      ObjectNode probabilities = choice.putObject("logprobs");
      ArrayNode tokens = probabilities.putArray("tokens");
      ArrayNode own = probabilities.putArray("token_logprobs");
      ArrayNode top = probabilities.putArray("top_logprobs");
      ArrayNode offsets = probabilities.putArray("text_offset");
      int at = offset;
      for (Piece piece : pieces) {
        tokens.add(piece.text());
        own.add(piece.logProbability());
        ObjectNode others = top.addObject();
        piece.top().forEach(other -> others.put(other.text(), other.logProbability()));
        offsets.add(at);
        at += piece.text().length();
      }
    }
  };

  final String idPrefix;
  final String whole;
  final String chunk;

  Shape(String idPrefix, String whole, String chunk) {
    this.idPrefix = idPrefix;
    this.whole = whole;
    this.chunk = chunk;
  }

  /**
   * @param pieces null: their probabilities are not asked for
   * @param offset characters of the choice's text before the pieces
   * @param finish why it ended; null: it goes on
   */
  final ObjectNode choice(
      JsonMapper mapper,
      int index,
      String text,
      boolean isChunk,
      boolean first,
      @Nullable List<Piece> pieces,
      int offset,
      @Nullable String finish) {
    ObjectNode choice = mapper.createObjectNode();
    choice.put("index", index);
    text(choice, text, isChunk, first);
    if (pieces == null) {
      choice.putNull("logprobs");
    } else {
      logProbabilities(choice, pieces, offset);
    }
    choice.put("finish_reason", finish);
    return choice;
  }

  abstract void text(ObjectNode choice, String text, boolean chunk, boolean first);

  abstract void logProbabilities(ObjectNode choice, List<Piece> pieces, int offset);
}
