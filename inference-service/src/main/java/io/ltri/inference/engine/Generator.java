package io.ltri.inference.engine;

import io.ltri.inference.attention.AnsweringSettings;
import io.ltri.inference.attention.Memories;
import io.ltri.inference.attention.PolicyName;
import io.ltri.inference.attention.ReadingSettings;
import io.ltri.inference.attention.RetrievalFigures;
import io.ltri.inference.attention.SequenceMemory;
import io.ltri.inference.model.template.Message;
import io.ltri.inference.model.tokenizer.StreamingDecoder;
import io.ltri.inference.retrieval.IndexedDocument;
import io.ltri.inference.retrieval.SpanIndex;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Answers: a conversation, over a document or not, goes through the model, then token by token. */
public final class Generator {

  /**
   * What is asked.
   *
   * @param documentId handle; null: a known document with which the conversation begins is used
   * @param maxTokens 0: the configured number
   * @param deadline null: none
   * @param policy null: the document's, or the configured one
   * @param budgetTokens 0: the configured number
   * @param reuse without a handle, whether known documents are looked for
   * @param tenant whose known documents are used, and who owns what is kept
   * @param keep how long the conversation is kept for its next turn; zero: not
   */
  public record Request(
      @Nullable String documentId,
      List<Message> messages,
      Sampling sampling,
      int maxTokens,
      List<String> stop,
      @Nullable Duration deadline,
      @Nullable PolicyName policy,
      int budgetTokens,
      boolean logProbabilities,
      boolean reuse,
      String tenant,
      Duration keep) {}

  /** Is told each token, with the text that can be shown so far; the text may lag behind. */
  public interface Listener {
    void token(String text, int token, float logProbability);

    /** Text that was held back, without a token of its own. */
    void rest(String text);
  }

  /** Why an answer ended. */
  public enum FinishReason {
    STOP,
    LENGTH,
    DEADLINE
  }

  /** The figures of an answer. */
  public record Figures(
      FinishReason finishReason,
      long promptTokens,
      long reusedTokens,
      long generatedTokens,
      RetrievalFigures retrieval,
      long firstTokenMillis,
      long elapsedMillis,
      long seed,
      @Nullable String documentId,
      KeptConversations.@Nullable Kept kept) {}

  private final LanguageModel model;
  private final Memories memories;
  private final Documents documents;
  private final SpanIndex index;
  private final ComputeThread compute;
  private final AnsweringSettings answering;
  private final int mostTokens;
  private final KeptConversations kept;
  private final AtomicInteger running = new AtomicInteger();

  public Generator(
      LanguageModel model,
      Memories memories,
      Documents documents,
      SpanIndex index,
      ComputeThread compute,
      AnsweringSettings answering,
      int mostTokens) {
    this.model = model;
    this.memories = memories;
    this.documents = documents;
    this.index = index;
    this.compute = compute;
    this.answering = answering;
    this.mostTokens = mostTokens;
    this.kept = new KeptConversations(model, memories, documents, index, compute);
  }

  /**
   * A sequence that is ready to take a prompt.
   *
   * @param document that the sequence goes on from, or null
   * @param tokens of that document
   */
  private record Opened(
      SequenceMemory memory,
      int[] prompt,
      ReadingSettings settings,
      @Nullable IndexedDocument document,
      TokenBuffer tokens) {}

  /**
   * @param cancelled asked before each chunk and token
   * @throws RequestException if the request cannot be served
   */
  public Figures generate(Request request, Listener listener, BooleanSupplier cancelled) {
    long start = System.nanoTime();
    StopTexts stops = new StopTexts(request.stop());
    Sampler sampler = new Sampler(request.sampling());
    int most = request.maxTokens() == 0 ? mostTokens : request.maxTokens();
    long end = request.deadline() == null ? Long.MAX_VALUE : start + request.deadline().toNanos();
    Opened opened = open(request);
    SequenceMemory memory = opened.memory();
    running.incrementAndGet();
    try {
      int reused = memory.length();
      StreamingDecoder text = model.tokenizer().decoder(true);
      float @Nullable [] logits = null;
      FinishReason reason = FinishReason.LENGTH;
      for (int from = 0; from < opened.prompt().length; from += opened.settings().chunkTokens()) {
        requireWanted(cancelled);
        if (System.nanoTime() > end) {
          break;
        }
        int to = Math.min(opened.prompt().length, from + opened.settings().chunkTokens());
        logits =
            run(
                memory,
                Arrays.copyOfRange(opened.prompt(), from, to),
                to == opened.prompt().length);
      }
      opened.tokens().append(opened.prompt());
      int generated = 0;
      long firstToken = 0;
      while (true) {
        if (logits == null || logits.length == 0 || System.nanoTime() > end) {
          reason = FinishReason.DEADLINE;
          break;
        }
        if (generated == most) {
          break;
        }
        int token = sampler.next(logits);
        if (generated == 0) {
          firstToken = System.nanoTime() - start;
        }
        if (model.stopTokens().contains(token)) {
          reason = FinishReason.STOP;
          break;
        }
        generated++;
        float logProbability =
            request.logProbabilities() ? Sampler.logProbability(logits, token) : 0;
        listener.token(stops.accept(text.append(token)), token, logProbability);
        if (stops.stopped()) {
          reason = FinishReason.STOP;
          break;
        }
        requireWanted(cancelled);
        if (generated < most) {
          logits = run(memory, new int[] {token}, true);
          opened.tokens().append(new int[] {token});
        }
      }
      String rest = stops.accept(text.finish()) + stops.end();
      if (!rest.isEmpty()) {
        listener.rest(rest);
      }
      return new Figures(
          reason,
          reused + opened.prompt().length,
          reused,
          generated,
          memory.figures(),
          firstToken / 1_000_000,
          (System.nanoTime() - start) / 1_000_000,
          request.sampling().seed(),
          opened.document() == null ? null : opened.document().id(),
          request.keep().isZero() || opened.tokens().size() != memory.length()
              ? null
              : kept.keep(memory, opened.tokens(), opened.document(), opened.settings(), request));
    } finally {
      compute.run(memory::close);
      running.decrementAndGet();
    }
  }

  /** Answers being made at this moment. */
  public int running() {
    return running.get();
  }

  private static void requireWanted(BooleanSupplier cancelled) {
    if (cancelled.getAsBoolean()) {
      throw new RequestException(RequestException.Reason.CANCELLED, "the request was cancelled");
    }
  }

  /**
   * One chunk or one token through the model. @return logits [vocabulary], or empty if not wanted
   */
  private float[] run(SequenceMemory memory, int[] tokens, boolean logits) {
    return compute.run(() -> model.pass(memory, tokens, logits));
  }

  private Opened open(Request request) {
    requireConversation(request.messages());
    AnsweringSettings settings =
        request.budgetTokens() == 0
            ? answering
            : answering.withBudgetTokens(request.budgetTokens());
    IndexedDocument document = null;
    List<Message> after = request.messages();
    if (request.documentId() != null) {
      document = documents.get(request.documentId());
      if (after.getFirst().role().equals("system")) {
        throw new RequestException(
            RequestException.Reason.BAD_INPUT,
            "a document fixes the system message it was read with: leave it out, or read the document with another");
      }
      after = replaceFirst(after, "\n\n" + after.getFirst().content());
    } else if (request.reuse()) {
      Opened known = openKnown(request, settings);
      if (known != null) {
        return known;
      }
    }
    if (document == null) {
      ReadingSettings reading = documents.settings(request.policy());
      reading.requireFits(model.trainedLength(), settings.mostBudgetTokens());
      int[] prompt = model.prompt(after);
      return new Opened(
          compute.run(() -> memories.fresh(reading, settings, request.tenant())),
          prompt,
          reading,
          null,
          new TokenBuffer());
    }
    int[] prompt = model.promptAfterDocument(after);
    Opened kept = openKept(request, settings, document, prompt);
    return kept != null ? kept : resume(request, settings, document, prompt);
  }

  /**
   * Goes on from what was kept of this conversation over this document.
   *
   * @param prompt that follows the document
   * @return null if nothing was
   */
  private @Nullable Opened openKept(
      Request request, AnsweringSettings settings, IndexedDocument document, int[] prompt) {
    if (!request.reuse() || request.messages().size() == 1) {
      return null;
    }
    TokenBuffer whole =
        TokenBuffer.ofTail(index.readTail(document.id(), List.of(Documents.TOKENS_SECTION)));
    long known = whole.size();
    whole.append(prompt);
    int[] tokens = whole.toArray();
    return documents
        .prefixOfTokens(tokens, documents.settingsOf(document), request.tenant())
        .filter(longest -> longest.tokens() > known)
        .map(
            longest ->
                resume(
                    request,
                    settings,
                    longest.document(),
                    Arrays.copyOfRange(tokens, Math.toIntExact(longest.tokens()), tokens.length)))
        .orElse(null);
  }

  /**
   * Goes on from the longest known document with which the conversation begins: token by token, as
   * a kept conversation does, or, where the tokens around the end of a text differ, with the text
   * at the beginning of the first user message.
   *
   * @return null if there is none
   */
  private @Nullable Opened openKnown(Request request, AnsweringSettings settings) {
    ReadingSettings reading = documents.settings(request.policy());
    List<Message> messages = request.messages();
    int[] prompt = model.prompt(messages);
    Optional<KnownDocuments.Prefix> byTokens =
        documents.prefixOfTokens(prompt, reading, request.tenant());
    String system =
        messages.getFirst().role().equals("system") ? messages.getFirst().content() : "";
    List<Message> turns = system.isEmpty() ? messages : messages.subList(1, messages.size());
    Optional<KnownDocuments.Prefix> byText = Optional.empty();
    if (!turns.isEmpty() && turns.getFirst().role().equals("user")) {
      byText =
          documents.prefixOfText(turns.getFirst().content(), system, reading, request.tenant());
    }
    if (byTokens.isPresent()
        && byTokens.get().tokens() >= byText.map(KnownDocuments.Prefix::tokens).orElse(0L)) {
      int known = Math.toIntExact(byTokens.get().tokens());
      return resume(
          request,
          settings,
          byTokens.get().document(),
          Arrays.copyOfRange(prompt, known, prompt.length));
    }
    if (byText.isEmpty()) {
      return null;
    }
    IndexedDocument document = byText.get().document();
    byte[] bytes = turns.getFirst().content().getBytes(StandardCharsets.UTF_8);
    int known = Math.toIntExact(DocumentAttributes.of(document).textBytes());
    List<Message> after =
        replaceFirst(turns, new String(bytes, known, bytes.length - known, StandardCharsets.UTF_8));
    return resume(request, settings, document, model.promptAfterDocument(after));
  }

  private Opened resume(
      Request request, AnsweringSettings settings, IndexedDocument document, int[] prompt) {
    ReadingSettings reading = documents.settingsOf(document);
    if (request.policy() != null && request.policy() != reading.policy()) {
      throw new RequestException(
          RequestException.Reason.INCOMPATIBLE,
          "the document was read under policy "
              + reading.policy()
              + " and is answered under it; read it again under policy "
              + request.policy());
    }
    reading.requireFits(model.trainedLength(), settings.mostBudgetTokens());
    Map<String, MemorySegment> tail = index.readTail(document.id());
    TokenBuffer tokens = TokenBuffer.ofTail(tail);
    List<String> searched = documents.searched(document);
    return new Opened(
        compute.run(() -> memories.resume(reading, settings, searched, request.tenant(), tail)),
        prompt,
        reading,
        document,
        tokens);
  }

  private static List<Message> replaceFirst(List<Message> messages, String content) {
    List<Message> replaced = new ArrayList<>(messages);
    replaced.set(0, new Message(messages.getFirst().role(), content));
    return replaced;
  }

  private static void requireConversation(List<Message> messages) {
    if (messages.isEmpty() || !messages.getLast().role().equals("user")) {
      throw new RequestException(
          RequestException.Reason.BAD_INPUT, "the last message must be the user's");
    }
    for (Message message : messages) {
      if (!List.of("system", "user", "assistant").contains(message.role())) {
        throw new RequestException(
            RequestException.Reason.BAD_INPUT,
            "role '" + message.role() + "' is not one of system, user, assistant");
      }
    }
    if (messages.getLast().content().isBlank()) {
      throw new RequestException(RequestException.Reason.BAD_INPUT, "the question is empty");
    }
  }
}
