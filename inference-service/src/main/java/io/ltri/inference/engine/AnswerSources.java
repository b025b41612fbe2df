package io.ltri.inference.engine;

import io.ltri.inference.model.tokenizer.Tokenizer;
import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.IndexedDocument;
import io.ltri.inference.retrieval.SpanIndex;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The sources of one answer: what its tally says, in terms of documents, pages and text. */
final class AnswerSources {

  /** For each step fewer are enough: they are looked at for the blink of an eye. */
  private static final int MOST_OF_STEP = 8;

  /**
   * A document in the chain under an answer.
   *
   * @param endToken of the text, after its last token
   */
  private record Owner(String documentId, int endToken) {}

  private final SourceTally tally;
  private final List<Owner> owners;
  private final int[] text;
  private final Tokenizer tokenizer;
  private final Function<String, Pages> pagesOf;
  private final Map<String, Pages> pages = new HashMap<>();
  private final int most;

  private AnswerSources(
      SourceTally tally,
      List<Owner> owners,
      int[] text,
      Tokenizer tokenizer,
      Function<String, Pages> pagesOf,
      int most) {
    this.tally = tally;
    this.owners = owners;
    this.text = text;
    this.tokenizer = tokenizer;
    this.pagesOf = pagesOf;
    this.most = most;
  }

  /**
   * @param document under the answer
   * @param text its tokens, and those of what it continues
   * @param pagesOf asked once for each document that is a source
   * @param most sources wanted
   */
  static AnswerSources of(
      LanguageModel model,
      SpanIndex index,
      IndexedDocument document,
      int[] text,
      int sinkTokens,
      Function<String, Pages> pagesOf,
      int most) {
    List<Owner> owners = owners(index, document);
    int end = owners.isEmpty() ? 0 : Math.min(text.length, owners.getLast().endToken());
    SourceTally tally = new SourceTally(model.decoder().shape().layers(), sinkTokens, end);
    return new AnswerSources(tally, owners, text, model.tokenizer(), pagesOf, most);
  }

  /** In text order. What was kept of a conversation is no document. */
  private static List<Owner> owners(SpanIndex index, IndexedDocument document) {
    List<Owner> owners = new ArrayList<>();
    for (String name : document.ancestors()) {
      IndexedDocument ancestor = found(index, IndexedDocument.idOf(name));
      if (ancestor != null) {
        add(owners, ancestor, IndexedDocument.tokensOf(name));
      }
    }
    add(owners, document, 0);
    return owners;
  }

  /** Null for one that is hidden, or while the index is away: its text counts as its heir's. */
  private static @Nullable IndexedDocument found(SpanIndex index, String id) {
    try {
      return index.get(id);
    } catch (IndexException e) {
      return null;
    }
  }

  /**
   * @param endToken where its beginning ends; 0: all of it counts
   */
  private static void add(List<Owner> owners, IndexedDocument document, long endToken) {
    DocumentAttributes attributes = DocumentAttributes.of(document);
    if (attributes.kind().equals(DocumentAttributes.DOCUMENT)) {
      long end = endToken == 0 ? attributes.tokens() : endToken;
      owners.add(new Owner(IndexedDocument.idOf(document.id()), Math.toIntExact(end)));
    }
  }

  SourceTally tally() {
    return tally;
  }

  /** Those of the last step, without text. */
  List<Source> ofStep() {
    return tally.ofStep(Math.min(most, MOST_OF_STEP)).stream()
        .map(span -> source(span, ""))
        .toList();
  }

  /** Those of the whole answer. */
  List<Source> ofAnswer() {
    return tally.ofAllSteps(most).stream()
        .map(
            span ->
                source(span, tokenizer.decode(Arrays.copyOfRange(text, span.start(), span.end()))))
        .toList();
  }

  /** Share of the attention that went to documents, their sink left out. */
  double documentShare() {
    return tally.documentShare();
  }

  private Source source(SourceTally.Weighted span, String words) {
    String id =
        owners.stream()
            .filter(owner -> span.start() < owner.endToken())
            .findFirst()
            .orElseThrow()
            .documentId();
    int page = pages.computeIfAbsent(id, pagesOf).pageOf(span.middle());
    return new Source(id, span.start(), span.end(), span.weight(), span.attention(), page, words);
  }
}
