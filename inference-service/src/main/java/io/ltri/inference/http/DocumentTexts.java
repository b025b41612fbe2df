package io.ltri.inference.http;

import io.ltri.inference.engine.DocumentAttributes;
import io.ltri.inference.engine.Documents;
import io.ltri.inference.engine.LanguageModel;
import io.ltri.inference.engine.Pages;
import io.ltri.inference.model.tokenizer.StreamingDecoder;
import io.ltri.inference.retrieval.IndexedDocument;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The text of a range of a document's tokens. */
@Component
final class DocumentTexts {
  /** Tokens of one piece. */
  private static final int PIECE_TOKENS = 64;

  /** No character is spread over more. */
  private static final int CHARACTER_TOKENS = 4;

  static final int MOST_TOKENS = 16_384;

  private final Documents documents;
  private final LanguageModel model;
  private final JsonMapper mapper;

  DocumentTexts(Documents documents, LanguageModel model, JsonMapper mapper) {
    this.documents = documents;
    this.model = model;
    this.mapper = mapper;
  }

  /**
   * @param from first token
   * @param to token after the last one; beyond the end: to the end
   */
  ObjectNode text(IndexedDocument document, long from, long to) {
    int[] ids = documents.tokens(document);
    int first = (int) Math.min(from, ids.length);
    int end = (int) Math.min(Math.max(first, to), ids.length);
    if (end - first > MOST_TOKENS) {
      throw ApiException.wrongValue(
          "to",
          "The range has "
              + (end - first)
              + " tokens, and at most "
              + MOST_TOKENS
              + " are given at once: ask for several ranges.");
    }
    Pages pages = documents.pages(document);
    StreamingDecoder decoder = model.tokenizer().decoder(false);
    // A character that began before the range ends in it; the tokens before also keep the decoder
    // from taking the range for the beginning of a text.
    for (int i = Math.max(0, first - CHARACTER_TOKENS); i < first; i++) {
      String unused = decoder.append(ids[i]);
    }
    ObjectNode node = mapper.createObjectNode();
    node.put("id", document.id()).put("from", first).put("to", end).put("tokens", ids.length);
    node.put("text_from", textFrom(document));
    StringBuilder all = new StringBuilder();
    ArrayNode pieces = mapper.createArrayNode();
    for (int start = first; start < end; start += PIECE_TOKENS) {
      int stop = Math.min(end, start + PIECE_TOKENS);
      StringBuilder piece = new StringBuilder();
      for (int i = start; i < stop; i++) {
        piece.append(decoder.append(ids[i]));
      }
      if (stop == end && end == ids.length) {
        piece.append(decoder.finish());
      }
      pieces
          .addObject()
          .put("start", start)
          .put("end", stop)
          .put("page", pages.pageOf(start))
          .put("text", piece.toString());
      all.append(piece);
    }
    node.put("text", all.toString());
    node.set("pieces", pieces);
    node.put("page", pages.pageOf(first));
    return node;
  }

  /** The first token of the text itself: before it stands the chat template's beginning. */
  private int textFrom(IndexedDocument document) {
    return model.documentPrefix(DocumentAttributes.of(document).system()).length;
  }
}
