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
      boolean reuse) {}

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
      @Nullable String documentId) {}

  private final LanguageModel model;
  private final Memories memories;
  private final Documents documents;
  private final SpanIndex index;
  private final ComputeThread compute;
  private final AnsweringSettings answering;
  private final int mostTokens;
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
  }

  /** A sequence that is ready to take a prompt. */
  private record Opened(
      SequenceMemory memory, int[] prompt, int chunkTokens, @Nullable String documentId) {}

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
      for (int from = 0; from < opened.prompt().length; from += opened.chunkTokens()) {
        requireWanted(cancelled);
        if (System.nanoTime() > end) {
          break;
        }
        int to = Math.min(opened.prompt().length, from + opened.chunkTokens());
        logits =
            run(
                memory,
                Arrays.copyOfRange(opened.prompt(), from, to),
                to == opened.prompt().length);
      }
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
          opened.documentId());
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
      String system = after.getFirst().role().equals("system") ? after.getFirst().content() : "";
      List<Message> turns = system.isEmpty() ? after : after.subList(1, after.size());
      if (!turns.isEmpty() && turns.getFirst().role().equals("user")) {
        String first = turns.getFirst().content();
        document =
            documents.prefixOf(first, system, documents.settings(request.policy())).orElse(null);
        if (document != null) {
          byte[] bytes = first.getBytes(StandardCharsets.UTF_8);
          int known = Math.toIntExact(DocumentAttributes.of(document).textBytes());
          after =
              replaceFirst(
                  turns, new String(bytes, known, bytes.length - known, StandardCharsets.UTF_8));
        }
      }
    }
    if (document == null) {
      ReadingSettings reading = documents.settings(request.policy());
      reading.requireFits(model.trainedLength(), settings.mostBudgetTokens());
      int[] prompt = model.prompt(after);
      return new Opened(
          compute.run(() -> memories.fresh(reading, settings)),
          prompt,
          reading.chunkTokens(),
          null);
    }
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
    int[] prompt = model.promptAfterDocument(after);
    Map<String, MemorySegment> tail = index.readTail(document.id());
    String withSpans = document.spans() > 0 ? document.id() : null;
    return new Opened(
        compute.run(() -> memories.resume(reading, settings, withSpans, tail)),
        prompt,
        reading.chunkTokens(),
        document.id());
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
