package io.ltri.inference.engine;

import io.ltri.inference.attention.Memories;
import io.ltri.inference.attention.ReadingSettings;
import io.ltri.inference.attention.SequenceMemory;
import io.ltri.inference.model.template.Message;
import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.IndexedDocument;
import io.ltri.inference.retrieval.NewDocument;
import io.ltri.inference.retrieval.Seal;
import io.ltri.inference.retrieval.SpanIndex;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what a conversation has become, so that its next turn begins there. The private spans of
 * the sequence, if it has any, become a document that continues the one under it: nothing of that
 * one is copied but what was resident.
 */
public final class KeptConversations {

  /** Characters of a question that make a title. */
  private static final int TITLE = 60;

  /**
   * How keeping went.
   *
   * @param id empty where it failed
   * @param problem empty where it did not
   */
  public record Kept(String id, String problem) {}

  private final LanguageModel model;
  private final Memories memories;
  private final Documents documents;
  private final SpanIndex index;
  private final ComputeThread compute;

  KeptConversations(
      LanguageModel model,
      Memories memories,
      Documents documents,
      SpanIndex index,
      ComputeThread compute) {
    this.model = model;
    this.memories = memories;
    this.documents = documents;
    this.index = index;
    this.compute = compute;
  }

  /**
   * Ends the sequence and keeps it. A failure is no failure of the answer: it is told.
   *
   * @param under the document that the sequence went on from, or null
   */
  Kept keep(AnswerSequence sequence, @Nullable IndexedDocument under, Generator.Request request) {
    SequenceMemory memory = sequence.soundMemory();
    if (memory == null) {
      return new Kept("", "the index failed while it was answered");
    }
    TokenBuffer tokens = sequence.tokens();
    if (tokens.size() != memory.length()) {
      return new Kept("", "the answer was cut in the middle of its prompt");
    }
    try {
      return new Kept(seal(memory, tokens, under, sequence.settings(), request).id(), "");
    } catch (IndexException e) {
      return new Kept("", e.getMessage() == null ? e.toString() : e.getMessage());
    }
  }

  private IndexedDocument seal(
      SequenceMemory memory,
      TokenBuffer tokens,
      @Nullable IndexedDocument under,
      ReadingSettings settings,
      Generator.Request request) {
    Map<String, MemorySegment> tail =
        compute.run(
            () -> {
              memory.finish();
              return new LinkedHashMap<>(memory.tail());
            });
    tail.put(Documents.TOKENS_SECTION, tokens.bytes());
    String system = system(under, request.messages());
    Identity identity = documents.identity(settings, system);
    String tokensDigest = tokens.sha256();
    // What goes on behind a boundary is what reading all of it would have given.
    String continues = under == null ? "" : DocumentAttributes.of(under).digest();
    DocumentAttributes attributes =
        new DocumentAttributes(
            DocumentAttributes.CONVERSATION,
            title(under, request.messages()),
            system,
            tokens.size(),
            0,
            "",
            tokensDigest,
            identity.digest("continues=" + continues, "tokens=" + tokensDigest),
            "",
            model.readWith(),
            false,
            identity.fields());
    String spans = memory.spansId();
    String id =
        spans != null
            ? spans
            : index
                .create(
                    new NewDocument(
                        memories.layout(settings),
                        Map.of(),
                        false,
                        request.tenant(),
                        "",
                        under == null ? null : last(under.searched())))
                .id();
    IndexedDocument sealed =
        index.seal(
            id,
            new Seal(attributes.toMap(), Duration.ZERO, spans != null, request.keep(), true),
            tail);
    memory.keepSpans();
    return sealed;
  }

  private static @Nullable String last(List<String> ids) {
    return ids.isEmpty() ? null : ids.getLast();
  }

  private static String system(@Nullable IndexedDocument under, List<Message> messages) {
    if (under != null) {
      return DocumentAttributes.of(under).system();
    }
    return messages.getFirst().role().equals("system") ? messages.getFirst().content() : "";
  }

  private static String title(@Nullable IndexedDocument under, List<Message> messages) {
    String first =
        messages.stream()
            .filter(message -> message.role().equals("user"))
            .map(message -> message.content().strip())
            .findFirst()
            .orElse("");
    String question =
        first.codePointCount(0, first.length()) <= TITLE
            ? first
            : first.substring(0, first.offsetByCodePoints(0, TITLE)) + "...";
    String title =
        under == null || IndexedDocument.tokensOf(under.id()) > 0
            ? ""
            : DocumentAttributes.of(under).title();
    return title.isEmpty() ? question : title;
  }
}
