package io.ltri.inference.engine;

import io.ltri.edge.access.Scope;
import io.ltri.inference.attention.AnsweringSettings;
import io.ltri.inference.attention.Memories;
import io.ltri.inference.attention.PolicyName;
import io.ltri.inference.attention.ReadingSettings;
import io.ltri.inference.attention.RetrievalFigures;
import io.ltri.inference.attention.SequenceMemory;
import io.ltri.inference.model.template.Message;
import io.ltri.inference.model.tokenizer.StreamingDecoder;
import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.IndexedDocument;
import io.ltri.inference.retrieval.SpanIndex;
import io.ltri.inference.tensor.StepPart;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Answers: a conversation, over a document or not, goes through the model, then token by token. */
public final class Generator {

  private static final int[] NONE = {};

  /** So many sources are listed at most. */
  public static final int MOST_SOURCES = 100;

  /** So many tokens are told at most in the place of each. */
  public static final int MOST_ALTERNATIVES = 20;

  /**
   * What is asked.
   *
   * @param documentId handle; null: a known document with which the conversation begins is used
   * @param rawPrompt tokens that follow the document, or stand alone, without a chat template;
   *     null: the messages count
   * @param maxTokens 0: the configured number
   * @param deadline null: none
   * @param policy null: the document's, or the configured one
   * @param budgetTokens 0: the configured number
   * @param topLogProbabilities so many of the most probable tokens are told with each token
   * @param maxPromptTokens that may have to be computed before the answer; 0: no limit
   * @param reuse without a handle, whether known documents are looked for
   * @param tenant whose known documents are used, and who owns what is kept
   * @param keep how long the conversation is kept for its next turn; zero: not
   * @param onIndexFailure null: what is configured
   * @param sources how many spans of the document are wanted that the answer looked at most; 0:
   *     none, and nothing is computed for it
   * @param begun the answer's first tokens, which somebody has already: they are taken as they are,
   *     and the listener is told what comes after them
   */
  public record Request(
      @Nullable String documentId,
      List<Message> messages,
      int @Nullable [] rawPrompt,
      Sampling sampling,
      int maxTokens,
      List<String> stop,
      @Nullable Duration deadline,
      @Nullable PolicyName policy,
      int budgetTokens,
      boolean logProbabilities,
      int topLogProbabilities,
      int maxPromptTokens,
      boolean reuse,
      String tenant,
      Duration keep,
      @Nullable OnIndexFailure onIndexFailure,
      int sources,
      int[] begun) {

    /** A conversation of any length, without other tokens' probabilities. */
    public Request(
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
        Duration keep,
        @Nullable OnIndexFailure onIndexFailure,
        int sources) {
      this(
          documentId,
          messages,
          null,
          sampling,
          maxTokens,
          stop,
          deadline,
          policy,
          budgetTokens,
          logProbabilities,
          0,
          0,
          reuse,
          tenant,
          keep,
          onIndexFailure,
          sources,
          NONE);
    }
  }

  /** Is told each token, with the text that can be shown so far; the text may lag behind. */
  public interface Listener {

    /** Before a token: the most probable ones in its place, where that was asked for. */
    default void alternatives(int[] tokens, float[] logProbabilities) {}

    /**
     * What the step looked at that makes the next {@link #token}; only where sources are wanted.
     *
     * @param sources best first, without text
     */
    default void attended(List<Source> sources) {}

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

  /**
   * The figures of an answer.
   *
   * @param recomputedTokens computed a second time because the index failed
   * @param reuseMissed why known documents could not be used for the beginning of the prompt; null
   *     if they could
   * @param kept null if that was not asked for
   * @param sources that the answer looked at most, best first
   * @param documentAttention share of the attention that went to documents, their sink left out;
   *     that of each source is a part of it; 0 if they were not asked for
   */
  public record Figures(
      FinishReason finishReason,
      long promptTokens,
      long reusedTokens,
      long generatedTokens,
      RetrievalFigures retrieval,
      long recomputedTokens,
      @Nullable String reuseMissed,
      long firstTokenMillis,
      long elapsedMillis,
      long seed,
      @Nullable String documentId,
      KeptConversations.@Nullable Kept kept,
      List<Source> sources,
      double documentAttention) {}

  /**
   * How questions are answered that do not say otherwise.
   *
   * @param mostTokens of an answer
   * @param recomputeBytes that keys and values of a text may take that is computed again
   */
  public record Defaults(
      AnsweringSettings answering,
      int mostTokens,
      OnIndexFailure onIndexFailure,
      long recomputeBytes) {}

  private static final Duration LONGEST_DEADLINE = Duration.ofDays(365);

  private final LanguageModel model;
  private final Memories memories;
  private final Documents documents;
  private final SpanIndex index;
  private final ComputeThread compute;
  private final Defaults defaults;
  private final KeptConversations kept;
  private final EngineMeters meters;
  private final Admission admission;
  private final AtomicInteger running = new AtomicInteger();

  /** For any number of answers at a time. */
  public Generator(
      LanguageModel model,
      Memories memories,
      Documents documents,
      SpanIndex index,
      ComputeThread compute,
      Defaults defaults,
      EngineMeters meters) {
    this(model, memories, documents, index, compute, defaults, meters, Admission.OPEN);
  }

  public Generator(
      LanguageModel model,
      Memories memories,
      Documents documents,
      SpanIndex index,
      ComputeThread compute,
      Defaults defaults,
      EngineMeters meters,
      Admission admission) {
    this.model = model;
    this.memories = memories;
    this.documents = documents;
    this.index = index;
    this.compute = compute;
    this.defaults = defaults;
    this.meters = meters;
    this.admission = admission;
    meters.running(running::get);
    this.kept = new KeptConversations(model, memories, documents, index, compute);
  }

  /** A sequence that is ready to take a prompt. */
  private record Opened(
      AnswerSequence sequence,
      int[] prompt,
      @Nullable IndexedDocument document,
      @Nullable String reuseMissed) {}

  /**
   * @param cancelled asked before each chunk and token
   * @throws RequestException if the request cannot be served
   */
  public Figures generate(Request request, Listener listener, BooleanSupplier cancelled) {
    running.incrementAndGet();
    boolean answered = false;
    try {
      Figures figures = answer(request, listener, cancelled);
      meters.answered(figures);
      answered = true;
      return figures;
    } finally {
      running.decrementAndGet();
      if (!answered) {
        meters.failed();
      }
    }
  }

  private Figures answer(Request request, Listener listener, BooleanSupplier cancelled) {
    long start = System.nanoTime();
    if (request.sources() < 0 || request.sources() > MOST_SOURCES) {
      throw new RequestException(
          RequestException.Reason.BAD_INPUT,
          "sources is %d but must be in [0, %d]".formatted(request.sources(), MOST_SOURCES));
    }
    documents.requireOwn(request.tenant());
    if (!request.keep().isZero()) {
      documents.requireMay(Scope.WRITER);
    }
    StopTexts stops = new StopTexts(request.stop());
    Sampler sampler = new Sampler(request.sampling());
    int most = request.maxTokens() == 0 ? defaults.mostTokens() : request.maxTokens();
    requireBegun(request.begun(), most);
    long end = end(start, request.deadline());
    BooleanSupplier goesOn =
        () -> {
          requireWanted(cancelled);
          return System.nanoTime() <= end;
        };
    try (Admission.Entry entry = admission.enter(request.tenant(), goesOn)) {
      return entry == null
          ? tooLate(request, start)
          : admitted(request, listener, cancelled, start, end, most, stops, sampler, goesOn);
    }
  }

  /** The deadline was over before there was room for the answer. */
  private static Figures tooLate(Request request, long start) {
    return new Figures(
        FinishReason.DEADLINE,
        0,
        0,
        0,
        new RetrievalFigures(),
        0,
        null,
        0,
        (System.nanoTime() - start) / 1_000_000,
        request.sampling().seed(),
        request.documentId(),
        null,
        List.of(),
        0);
  }

  private Figures admitted(
      Request request,
      Listener listener,
      BooleanSupplier cancelled,
      long start,
      long end,
      int most,
      StopTexts stops,
      Sampler sampler,
      BooleanSupplier goesOn) {
    Opened opened = open(request);
    AnswerSequence sequence = opened.sequence();
    try {
      requireFits(request, sequence, opened.prompt().length, most);
      AnswerSources sources = sources(request, opened);
      int promptTokens = sequence.textTokens() + opened.prompt().length;
      StreamingDecoder text = model.tokenizer().decoder(true);
      float @Nullable [] logits = null;
      FinishReason reason = FinishReason.LENGTH;
      int chunkTokens = sequence.chunkTokens();
      long prefill = System.nanoTime();
      for (int from = 0; from < opened.prompt().length; from += chunkTokens) {
        int to = Math.min(opened.prompt().length, from + chunkTokens);
        logits =
            sequence.run(
                Arrays.copyOfRange(opened.prompt(), from, to),
                to == opened.prompt().length,
                opened.prompt().length - to + most,
                goesOn);
        if (logits == null) {
          break;
        }
      }
      if (logits != null) {
        meters.prefilled(System.nanoTime() - prefill);
      }
      int[] begun = request.begun();
      int generated = 0;
      long firstToken = 0;
      long before = 0;
      while (true) {
        if (logits == null || logits.length == 0 || System.nanoTime() > end) {
          reason = FinishReason.DEADLINE;
          break;
        }
        if (generated == most) {
          break;
        }
        boolean known = generated < begun.length;
        StepPart sampling = StepPart.start();
        int token = known ? sampler.take(begun[generated]) : sampler.next(logits);
        sampling.end("after the step: sampling", -1);
        long now = System.nanoTime();
        if (generated == begun.length) {
          firstToken = now - start;
          meters.firstToken(firstToken);
        } else if (!known) {
          meters.nextToken(now - before);
        }
        before = now;
        if (model.stopTokens().contains(token)) {
          reason = FinishReason.STOP;
          break;
        }
        generated++;
        String shown = stops.accept(text.append(token));
        if (!known) {
          tell(request, listener, sources, logits, shown, token);
        }
        if (stops.stopped()) {
          reason = FinishReason.STOP;
          break;
        }
        requireWanted(cancelled);
        if (generated < most) {
          logits = sequence.run(new int[] {token}, true, most - generated, goesOn);
        }
      }
      if (firstToken > 0) {
        meters.decoded(System.nanoTime() - start - firstToken);
      }
      String rest = stops.accept(text.finish()) + stops.end();
      if (!rest.isEmpty()) {
        listener.rest(rest);
      }
      return new Figures(
          reason,
          promptTokens,
          sequence.reusedTokens(),
          generated,
          sequence.figures(),
          sequence.recomputedTokens(),
          opened.reuseMissed(),
          firstToken / 1_000_000,
          (System.nanoTime() - start) / 1_000_000,
          request.sampling().seed(),
          opened.document() == null ? null : IndexedDocument.idOf(opened.document().id()),
          request.keep().isZero() ? null : kept.keep(sequence, opened.document(), request),
          sources == null ? List.of() : sources.ofAnswer(),
          sources == null ? 0 : sources.documentShare());
    } finally {
      sequence.close();
    }
  }

  private static void tell(
      Request request,
      Listener listener,
      @Nullable AnswerSources sources,
      float[] logits,
      String shown,
      int token) {
    if (request.topLogProbabilities() > 0) {
      int[] best = Sampler.mostProbable(logits, request.topLogProbabilities());
      listener.alternatives(best, Sampler.logProbabilities(logits, best));
    }
    float logProbability = request.logProbabilities() ? Sampler.logProbability(logits, token) : 0;
    if (sources != null) {
      listener.attended(sources.ofStep());
    }
    listener.token(shown, token, logProbability);
  }

  /** What a client claims to have of an answer, that it can be one's beginning. */
  private void requireBegun(int[] begun, int most) {
    if (begun.length > most) {
      throw new RequestException(
          RequestException.Reason.BAD_INPUT,
          "the answer has %d tokens already, and may have %d".formatted(begun.length, most));
    }
    for (int token : begun) {
      if (token < 0
          || token >= model.tokenizer().vocabularySize()
          || model.stopTokens().contains(token)) {
        throw new RequestException(
            RequestException.Reason.BAD_INPUT,
            "the answer cannot have token %d before its end".formatted(token));
      }
    }
  }

  /** Null if none are wanted, or there is no document that they could come from. */
  private @Nullable AnswerSources sources(Request request, Opened opened) {
    IndexedDocument document = opened.document();
    if (request.sources() == 0 || document == null) {
      return null;
    }
    AnswerSequence sequence = opened.sequence();
    AnswerSources sources =
        AnswerSources.of(
            model,
            index,
            document,
            sequence.text(),
            sequence.settings().sinkTokens(),
            this::pages,
            request.sources());
    sequence.watchedBy(sources.tally());
    return sources;
  }

  private Pages pages(String documentId) {
    try {
      return documents.pages(index.get(documentId));
    } catch (IndexException e) {
      // The answer is there; only its sources lack their pages.
      return Pages.NONE;
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

  /** Refuses what is too long, before any of it is computed. */
  private void requireFits(Request request, AnswerSequence sequence, int promptTokens, int most) {
    if (request.maxPromptTokens() > 0 && promptTokens > request.maxPromptTokens()) {
      throw new RequestException(
          RequestException.Reason.TOO_LONG,
          String.format(
              Locale.ROOT,
              "the prompt has %,d tokens that are not known, and at most %,d are read for an answer: make a document of the long part and name it",
              promptTokens,
              request.maxPromptTokens()));
    }
    int all = sequence.textTokens() + promptTokens;
    if (request.maxPromptTokens() > 0
        && sequence.settings().policy() == PolicyName.FULL
        && (long) all + most > model.trainedLength()) {
      throw new RequestException(
          RequestException.Reason.TOO_LONG,
          String.format(
              Locale.ROOT,
              "the prompt has %,d tokens and the answer may have %,d, together more than the %,d that the model was trained for under policy full: shorten it, lower max_tokens, or use policy ltri",
              all,
              most,
              model.trainedLength()));
    }
  }

  private Opened open(Request request) {
    if (request.rawPrompt() != null) {
      return openRaw(request, request.rawPrompt());
    }
    requireConversation(request.messages());
    if (request.documentId() != null) {
      if (request.messages().getFirst().role().equals("system")) {
        throw new RequestException(
            RequestException.Reason.BAD_INPUT,
            "a document fixes the system message it was read with: leave it out, or read the document with another");
      }
      List<Message> after =
          replaceFirst(request.messages(), "\n\n" + request.messages().getFirst().content());
      return openNamed(request, documents.get(request.documentId()), after);
    }
    String reuseMissed = null;
    if (request.reuse()) {
      try {
        Opened opened = openKnown(request);
        if (opened != null) {
          return opened;
        }
      } catch (IndexException e) {
        // Without the index the whole prompt is read; that counts only where it is needed anyway.
        if (onIndexFailure(request) == OnIndexFailure.FAIL
            && documents.settings(request.policy()).policy().usesIndex()) {
          throw e;
        }
        reuseMissed = e.getMessage();
      }
    }
    return openFresh(request, model.prompt(request.messages()), reuseMissed);
  }

  /** Tokens as they are, over a document or nothing. */
  private Opened openRaw(Request request, int[] prompt) {
    if (prompt.length == 0) {
      throw new RequestException(RequestException.Reason.BAD_INPUT, "the prompt is empty");
    }
    if (!request.keep().isZero()) {
      throw new RequestException(
          RequestException.Reason.BAD_INPUT,
          "a prompt without a chat template is no conversation that could be kept: send messages");
    }
    for (int token : prompt) {
      if (token < 0 || token >= model.tokenizer().vocabularySize()) {
        throw new RequestException(
            RequestException.Reason.BAD_INPUT,
            "the prompt has token "
                + token
                + ", and the vocabulary of this model has "
                + model.tokenizer().vocabularySize());
      }
    }
    return request.documentId() == null
        ? openFresh(request, prompt, null)
        : openDocument(request, documents.get(request.documentId()), prompt);
  }

  private Opened openFresh(Request request, int[] prompt, @Nullable String reuseMissed) {
    ReadingSettings reading = documents.settings(request.policy());
    AnsweringSettings settings = settings(request);
    reading.requireFits(model.trainedLength(), settings.mostBudgetTokens());
    return new Opened(
        sequence(
            request,
            reading,
            settings,
            new int[0],
            compute.run(() -> memories.fresh(reading, settings, request.tenant())),
            null),
        prompt,
        null,
        reuseMissed);
  }

  /**
   * Over the named document, or over what was kept of this conversation about it.
   *
   * @param after the conversation that follows the document
   */
  private Opened openNamed(Request request, IndexedDocument document, List<Message> after) {
    int[] prompt = model.promptAfterDocument(after);
    if (!request.reuse() || after.size() == 1) {
      return openDocument(request, document, prompt);
    }
    TokenBuffer whole =
        TokenBuffer.ofTail(index.readTail(document.id(), List.of(Documents.TOKENS_SECTION)));
    long known = whole.size();
    whole.append(prompt);
    int[] tokens = whole.toArray();
    return documents
        .known(request.tenant())
        .byTokens(tokens, documents.identity(documents.settingsOf(document), ""))
        .filter(longest -> longest.tokens() > known)
        .map(longest -> openDocument(request, longest.document(), after(tokens, longest)))
        .orElseGet(() -> openDocument(request, document, prompt));
  }

  /**
   * Goes on from the longest known document, or beginning of one, with which the conversation
   * begins: token by token, as a kept conversation does, or, where the tokens around the end of a
   * text differ, with the text at the beginning of the first user message.
   *
   * @return null if there is none
   */
  private @Nullable Opened openKnown(Request request) {
    ReadingSettings reading = documents.settings(request.policy());
    List<Message> messages = request.messages();
    int[] prompt = model.prompt(messages);
    KnownDocuments known = documents.known(request.tenant());
    Optional<KnownDocuments.Prefix> byTokens =
        known.beginningByTokens(prompt, documents.identity(reading, ""));
    String system =
        messages.getFirst().role().equals("system") ? messages.getFirst().content() : "";
    List<Message> turns = system.isEmpty() ? messages : messages.subList(1, messages.size());
    Optional<KnownDocuments.Prefix> byText = Optional.empty();
    if (!turns.isEmpty() && turns.getFirst().role().equals("user")) {
      byText = known.byText(turns.getFirst().content(), documents.identity(reading, system));
    }
    if (byTokens.isPresent()
        && byTokens.get().tokens() >= byText.map(KnownDocuments.Prefix::tokens).orElse(0L)) {
      return openDocument(request, byTokens.get().document(), after(prompt, byTokens.get()));
    }
    if (byText.isEmpty()) {
      return null;
    }
    IndexedDocument document = byText.get().document();
    byte[] bytes = turns.getFirst().content().getBytes(StandardCharsets.UTF_8);
    int read = Math.toIntExact(DocumentAttributes.of(document).textBytes());
    String rest = new String(bytes, read, bytes.length - read, StandardCharsets.UTF_8);
    return openDocument(request, document, model.promptAfterDocument(replaceFirst(turns, rest)));
  }

  private static int[] after(int[] tokens, KnownDocuments.Prefix known) {
    return Arrays.copyOfRange(tokens, Math.toIntExact(known.tokens()), tokens.length);
  }

  private Opened openDocument(Request request, IndexedDocument document, int[] prompt) {
    ReadingSettings reading = documents.settingsOf(document);
    if (request.policy() != null && request.policy() != reading.policy()) {
      throw new RequestException(
          RequestException.Reason.INCOMPATIBLE,
          "the document was read under policy "
              + reading.policy()
              + " and is answered under it; read it again under policy "
              + request.policy());
    }
    AnsweringSettings settings = settings(request);
    reading.requireFits(model.trainedLength(), settings.mostBudgetTokens());
    Map<String, MemorySegment> tail;
    IndexException failure = null;
    try {
      tail = index.readTail(document.id());
    } catch (IndexException e) {
      if (e.reason() != IndexException.Reason.DAMAGED
          || onIndexFailure(request) != OnIndexFailure.RECOMPUTE) {
        throw e;
      }
      // What is damaged may be another section than the one that is needed to compute it again.
      tail = index.readTail(document.id(), List.of(Documents.TOKENS_SECTION));
      failure = e;
    }
    Map<String, MemorySegment> resident = failure == null ? tail : Map.of();
    List<String> searched = failure == null ? document.searched() : List.of();
    SequenceMemory memory =
        compute.run(() -> memories.resume(reading, settings, searched, request.tenant(), resident));
    return new Opened(
        sequence(request, reading, settings, TokenBuffer.ofTail(tail).toArray(), memory, failure),
        prompt,
        document,
        null);
  }

  private AnswerSequence sequence(
      Request request,
      ReadingSettings reading,
      AnsweringSettings settings,
      int[] text,
      SequenceMemory memory,
      @Nullable IndexException failure) {
    long recomputeBytes =
        onIndexFailure(request) == OnIndexFailure.RECOMPUTE ? defaults.recomputeBytes() : 0;
    return new AnswerSequence(
        model,
        memories,
        compute,
        reading,
        settings,
        request.tenant(),
        text,
        recomputeBytes,
        memory,
        failure);
  }

  private OnIndexFailure onIndexFailure(Request request) {
    return request.onIndexFailure() == null ? defaults.onIndexFailure() : request.onIndexFailure();
  }

  private AnsweringSettings settings(Request request) {
    AnsweringSettings settings =
        defaults.answering().withStrict(onIndexFailure(request) != OnIndexFailure.DEGRADE);
    return request.budgetTokens() == 0
        ? settings
        : settings.withBudgetTokens(request.budgetTokens());
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

  /**
   * In nanoseconds of the clock; a deadline that nobody lives to see is none, one before now is
   * now.
   */
  private static long end(long start, @Nullable Duration deadline) {
    if (deadline == null || deadline.compareTo(LONGEST_DEADLINE) > 0) {
      return Long.MAX_VALUE;
    }
    return deadline.isNegative() ? start : start + deadline.toNanos();
  }
}
