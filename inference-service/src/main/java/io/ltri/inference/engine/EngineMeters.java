package io.ltri.inference.engine;

import io.ltri.edge.watch.ServiceMeters;
import io.ltri.inference.attention.RetrievalFigures;
import io.ltri.inference.retrieval.IndexException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** What the engine counts and measures, over all requests since the start. */
public final class EngineMeters {

  /** Goes nowhere. */
  public static final EngineMeters NONE = new EngineMeters(new CompositeMeterRegistry());

  private final Timer firstToken;
  private final Timer nextToken;
  private final Timer prefill;
  private final Timer decode;
  private final Timer queue;
  private final Timer reading;
  private final Timer admission;
  private final DistributionSummary together;
  private final Map<Generator.FinishReason, Timer> answers =
      new EnumMap<>(Generator.FinishReason.class);
  private final Counter failed;
  private final Counter refused;
  private final Counter promptTokens;
  private final Counter reusedTokens;
  private final Counter generatedTokens;
  private final Counter recomputedTokens;
  private final Counter readTokens;
  private final Counter lookups;
  private final Counter lookupsMissed;
  private final Counter spansFetched;
  private final Counter spansFromCache;
  private final Counter fetchedBytes;
  private final Counter spansLost;
  private final Counter blocksDamaged;
  private final Counter retrievedTokens;
  private final Map<IndexException.Reason, Counter> failures =
      new EnumMap<>(IndexException.Reason.class);
  private final MeterRegistry registry;
  private final AtomicInteger waiting;

  public EngineMeters(MeterRegistry registry) {
    this.registry = registry;
    firstToken = timer(registry, "ltri.first.token", "From a request to its first token");
    nextToken = timer(registry, "ltri.next.token", "From a token of an answer to the next");
    prefill =
        timer(
            registry,
            "ltri.prefill",
            "The new part of a prompt, waiting for the compute thread included");
    decode = timer(registry, "ltri.decode", "From the first token of an answer to its end");
    queue =
        timer(registry, "ltri.compute.queue", "Chunks and steps waiting for the compute thread");
    reading = timer(registry, "ltri.reading", "Documents that were read, each as a whole");
    admission =
        timer(registry, "ltri.answers.queue", "Answers and readings waiting for others to end");
    together =
        DistributionSummary.builder("ltri.compute.batch")
            .description("Decode steps that went through the model together")
            .serviceLevelObjectives(1, 2, 4, 8)
            .register(registry);
    for (Generator.FinishReason reason : Generator.FinishReason.values()) {
      answers.put(
          reason,
          Timer.builder("ltri.answers")
              .description("Answers, each as a whole, by why they ended")
              .tag("reason", reason.name().toLowerCase(Locale.ROOT))
              .serviceLevelObjectives(ServiceMeters.BOUNDS)
              .register(registry));
    }
    failed = counter(registry, "ltri.answers.failed", "Answers that ended in an error");
    refused =
        counter(registry, "ltri.refused", "Answers and readings refused because too many waited");
    promptTokens = counter(registry, "ltri.tokens.prompt", "Tokens of prompts, documents included");
    reusedTokens =
        counter(registry, "ltri.tokens.reused", "Of the tokens of prompts, those from the index");
    generatedTokens = counter(registry, "ltri.tokens.generated", "Tokens of answers");
    recomputedTokens =
        counter(registry, "ltri.tokens.recomputed", "Computed again because the index failed");
    readTokens = counter(registry, "ltri.tokens.read", "Tokens of documents that were read");
    lookups = counter(registry, "ltri.lookups", "Look-ups of answers, one a layer and step");
    lookupsMissed =
        counter(registry, "ltri.lookups.missed", "Look-ups that failed, were late or incomplete");
    spansFetched = counter(registry, "ltri.spans.fetched", "Spans fetched from the index");
    spansFromCache = counter(registry, "ltri.spans.cached", "Spans found in the block cache");
    fetchedBytes =
        Counter.builder("ltri.fetched")
            .baseUnit("bytes")
            .description("Keys and values fetched from the index")
            .register(registry);
    spansLost = counter(registry, "ltri.spans.lost", "Spans that the index did not take or lost");
    blocksDamaged =
        counter(registry, "ltri.blocks.damaged", "Damaged blocks that answers came upon");
    retrievedTokens =
        counter(registry, "ltri.tokens.retrieved", "Tokens that look-ups placed before the window");
    for (IndexException.Reason reason : IndexException.Reason.values()) {
      failures.put(
          reason,
          Counter.builder("ltri.index.failures")
              .description("What answers went on without because the index failed, by why it did")
              .tag("reason", reason.name().toLowerCase(Locale.ROOT))
              .register(registry));
    }
    waiting = gauge(registry, "ltri.compute.waiting");
  }

  private static Timer timer(MeterRegistry registry, String name, String what) {
    return Timer.builder(name)
        .description(what)
        .serviceLevelObjectives(ServiceMeters.BOUNDS)
        .register(registry);
  }

  private static AtomicInteger gauge(MeterRegistry registry, String name) {
    AtomicInteger value = new AtomicInteger();
    Gauge.builder(name, value, AtomicInteger::get).strongReference(true).register(registry);
    return value;
  }

  private static Counter counter(MeterRegistry registry, String name, String what) {
    return Counter.builder(name).description(what).register(registry);
  }

  /** Told how many answers are being made. */
  void running(Supplier<Number> answers) {
    Gauge.builder("ltri.answers.running", answers).strongReference(true).register(registry);
  }

  /** Told how many of them wait to be let in. */
  void waiting(String what, Supplier<Number> waiting) {
    Gauge.builder("ltri." + what + ".waiting", waiting).strongReference(true).register(registry);
  }

  /** So long somebody waited to be let in. */
  void admitted(long nanos) {
    admission.record(nanos, TimeUnit.NANOSECONDS);
  }

  void refused() {
    refused.increment();
  }

  void together(int steps) {
    together.record(steps);
  }

  void firstToken(long nanos) {
    firstToken.record(nanos, TimeUnit.NANOSECONDS);
  }

  void nextToken(long nanos) {
    nextToken.record(nanos, TimeUnit.NANOSECONDS);
  }

  /** The new part of a prompt was computed. */
  void prefilled(long nanos) {
    prefill.record(nanos, TimeUnit.NANOSECONDS);
  }

  /** So long after its first token an answer ended. */
  void decoded(long nanos) {
    decode.record(nanos, TimeUnit.NANOSECONDS);
  }

  void queued() {
    waiting.incrementAndGet();
  }

  void begins(long waitedNanos) {
    waiting.decrementAndGet();
    queue.record(waitedNanos, TimeUnit.NANOSECONDS);
  }

  void read(long tokens, long nanos) {
    readTokens.increment(tokens);
    reading.record(nanos, TimeUnit.NANOSECONDS);
  }

  void failed() {
    failed.increment();
  }

  void answered(Generator.Figures figures) {
    Timer answer = answers.get(figures.finishReason());
    if (answer != null) {
      answer.record(figures.elapsedMillis(), TimeUnit.MILLISECONDS);
    }
    promptTokens.increment(figures.promptTokens());
    reusedTokens.increment(figures.reusedTokens());
    generatedTokens.increment(figures.generatedTokens());
    recomputedTokens.increment(figures.recomputedTokens());
    RetrievalFigures retrieval = figures.retrieval();
    lookups.increment(retrieval.lookups());
    lookupsMissed.increment(retrieval.lookupsMissed());
    spansFetched.increment(retrieval.spansFetched());
    spansFromCache.increment(retrieval.spansFromCache());
    fetchedBytes.increment(retrieval.bytesFetched());
    spansLost.increment(retrieval.spansLost());
    blocksDamaged.increment(retrieval.blocksDamaged());
    retrievedTokens.increment(retrieval.retrievedTokens());
    failures.forEach(
        (reason, counter) -> counter.increment(retrieval.failures().getOrDefault(reason, 0L)));
  }
}
