package io.ltri.evaluation.run;

import io.ltri.evaluation.task.Sample;
import io.ltri.evaluation.task.Task;
import io.ltri.inference.attention.ReadingSettings;
import io.ltri.inference.attention.RetrievalFigures;
import io.ltri.inference.attention.SequenceMemory;
import io.ltri.inference.attention.SharedText;
import io.ltri.inference.attention.TokenRange;
import io.ltri.inference.engine.LanguageModel;
import io.ltri.inference.model.template.Message;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.ToDoubleBiFunction;

/** Answers samples under all variants and keeps the rows. */
public final class Runner {

  /**
   * A sample that is to be made and answered.
   *
   * @param id names the sample among those of its task and length; other seeds, other ids
   * @param depth where the needle goes, per cent, or {@link Sample#NO_DEPTH}: as the task draws it
   *     from the seed
   */
  public record Work(Task task, int length, double depth, long seed, String id) {}

  /** Is told of each row, by any thread. */
  public interface Listener {
    void measured(Row row, int done, int due);
  }

  private final Lab lab;
  private final List<Variant> variants;
  private final ResultFile<Row> results;
  private final ToDoubleBiFunction<Sample, String> scorer;

  /**
   * @param scorer of an output, 0 to 1
   * @throws IllegalArgumentException if a variant does not fit the model
   */
  public Runner(
      Lab lab,
      List<Variant> variants,
      ResultFile<Row> results,
      ToDoubleBiFunction<Sample, String> scorer) {
    this.lab = lab;
    this.variants = List.copyOf(variants);
    this.results = results;
    this.scorer = scorer;
    for (Variant variant : variants) {
      variant
          .settings()
          .reading()
          .requireFits(lab.model().trainedLength(), variant.settings().answering().budgetTokens());
    }
  }

  /**
   * Runs what is not in the result file yet.
   *
   * @param jobs sequences at the same time
   */
  public void run(List<Work> works, int jobs, Listener listener) throws InterruptedException {
    List<Work> missing = works.stream().filter(work -> !missing(work).isEmpty()).toList();
    int due = missing.stream().mapToInt(work -> missing(work).size()).sum();
    int[] done = {0};
    // Platform threads: the tensor library keeps workers for each thread that calls it.
    try (ExecutorService threads =
        Executors.newFixedThreadPool(jobs, Thread.ofPlatform().name("sample-", 0).factory())) {
      List<Future<?>> running = new ArrayList<>();
      for (Work work : missing) {
        running.add(
            threads.submit(
                () ->
                    run(
                        work,
                        row -> {
                          results.add(row);
                          synchronized (done) {
                            done[0]++;
                            listener.measured(row, done[0], due);
                          }
                        })));
      }
      try {
        for (Future<?> each : running) {
          each.get();
        }
      } catch (ExecutionException e) {
        threads.shutdownNow();
        if (e.getCause() instanceof RuntimeException cause) {
          throw cause;
        }
        throw new IllegalStateException(e.getCause());
      } catch (InterruptedException e) {
        threads.shutdownNow();
        throw e;
      }
    }
  }

  private List<Variant> missing(Work work) {
    return variants.stream()
        .filter(
            variant ->
                !results.has(
                    Row.key(work.task().name(), work.length(), work.id(), variant.name()),
                    variant.changes()))
        .toList();
  }

  private interface RowSink {
    void add(Row row);
  }

  private void run(Work work, RowSink sink) {
    LanguageModel model = lab.model();
    Sample sample = work.task().sample(work.length(), work.depth(), work.seed());
    int[] document = lab.documentTokens(sample.document());
    int[] prompt =
        Lab.concat(
            model.promptAfterDocument(List.of(new Message("user", "\n\n" + sample.question()))),
            model.tokenizer().encodeText(sample.answerPrefix()));
    List<TokenRange> evidence =
        Evidence.of(sample, model.tokenizer(), model.documentPrefix("").length);
    Map<ReadingSettings, List<Variant>> byReading = new LinkedHashMap<>();
    for (Variant variant : missing(work)) {
      byReading
          .computeIfAbsent(variant.settings().reading(), reading -> new ArrayList<>())
          .add(variant);
    }
    byReading.forEach(
        (reading, answeredBy) -> {
          long start = System.nanoTime();
          try (SharedText text = lab.read(reading, document)) {
            long readingMillis = (System.nanoTime() - start) / 1_000_000;
            for (Variant variant : answeredBy) {
              if (Thread.currentThread().isInterrupted()) {
                return;
              }
              sink.add(
                  answer(
                      work,
                      sample,
                      text,
                      variant,
                      prompt,
                      document.length,
                      evidence,
                      readingMillis));
            }
          }
        });
  }

  private Row answer(
      Work work,
      Sample sample,
      SharedText text,
      Variant variant,
      int[] prompt,
      int documentTokens,
      List<TokenRange> evidence,
      long readingMillis) {
    LanguageModel model = lab.model();
    long start = System.nanoTime();
    try (SequenceMemory memory = text.fork(Lab.strict(variant.settings().answering()))) {
      float[] logits = {};
      int chunk = variant.settings().reading().chunkTokens();
      for (int from = 0; from < prompt.length; from += chunk) {
        int to = Math.min(prompt.length, from + chunk);
        logits = model.pass(memory, Arrays.copyOfRange(prompt, from, to), to == prompt.length);
      }
      List<Double> recall = Evidence.recall(memory, model.decoder().shape().layers(), evidence);
      long promptMillis = (System.nanoTime() - start) / 1_000_000;
      List<Integer> tokens = new ArrayList<>();
      int token = largest(logits);
      while (!model.stopTokens().contains(token)) {
        tokens.add(token);
        if (tokens.size() == sample.maxTokens()) {
          break;
        }
        token = largest(model.pass(memory, new int[] {token}, true));
      }
      String output =
          model.tokenizer().decode(tokens.stream().mapToInt(Integer::intValue).toArray()).strip();
      RetrievalFigures retrieval = memory.figures();
      Map<String, Long> figures = new LinkedHashMap<>();
      figures.put("readingMillis", readingMillis);
      figures.put("promptMillis", promptMillis);
      figures.put("answerMillis", (System.nanoTime() - start) / 1_000_000);
      figures.put("generated", (long) tokens.size());
      figures.put("lookups", retrieval.lookups());
      figures.put("spansFetched", retrieval.spansFetched());
      figures.put("bytesFetched", retrieval.bytesFetched());
      figures.put("spansFromCache", retrieval.spansFromCache());
      figures.put("retrievedTokens", retrieval.retrievedTokens());
      return new Row(
          work.task().name(),
          work.id(),
          work.length(),
          sample.depth(),
          work.seed(),
          variant.name(),
          variant.changes(),
          scorer.applyAsDouble(sample, output),
          output,
          sample.references(),
          documentTokens + prompt.length,
          documentTokens,
          recall,
          figures);
    }
  }

  private static int largest(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }
}
