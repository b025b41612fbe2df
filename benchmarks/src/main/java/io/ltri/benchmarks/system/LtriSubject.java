package io.ltri.benchmarks.system;

import io.ltri.benchmarks.figure.Answering;
import io.ltri.benchmarks.figure.Answering.Retrieval;
import io.ltri.benchmarks.figure.MemoryUse;
import io.ltri.benchmarks.figure.Reading;
import io.ltri.benchmarks.figure.Reading.Progress;
import io.ltri.benchmarks.figure.Result;
import io.ltri.client.AnswerEvent;
import io.ltri.client.AnswerFigures;
import io.ltri.client.AnswerStream;
import io.ltri.client.AnswerText;
import io.ltri.client.CreatedDocument;
import io.ltri.client.LtriClient;
import io.ltri.client.Message;
import io.ltri.client.NewDocument;
import io.ltri.client.Question;
import io.ltri.client.ServerInfo;
import io.ltri.client.command.ServicePair;
import io.ltri.inference.model.ModelConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;

/** The services, as clients see them. Answers may be made by several threads at once. */
final class LtriSubject implements Subject {
  static final List<String> QUESTIONS =
      List.of(
          "Retell the text above in your own words, in every detail, from its beginning to its end.",
          "Write a long story in which the people of the text above meet again many years later.",
          "List everybody who is named in the text above, and say of each what he or she does.",
          "Explain at length what the text above is about, and why it was written.",
          "Write a letter of several pages to a friend about the text above.",
          "Describe all places of the text above, one after the other, with all that is said of them.");

  /** So often another question is put where an answer ends too early. */
  private static final int MOST_QUESTIONS = 12;

  private final ServicePair services;
  private final LtriClient client;
  private final ModelConfig model;
  private volatile String document = "";

  /**
   * @param services that run; closed by the caller
   */
  LtriSubject(ServicePair services, ModelConfig model) {
    this.services = services;
    this.client = services.connect();
    this.model = model;
  }

  @Override
  public String name() {
    return Result.LTRI;
  }

  @Override
  public Reading read(Text text) throws IOException, InterruptedException {
    forget();
    Read read = read(text, client);
    document = read.document();
    return read.reading();
  }

  /** A text that became a document. */
  record Read(String document, Reading reading) {}

  static Read read(Text text, LtriClient client) throws InterruptedException {
    ConcurrentLinkedQueue<Progress> progress = new ConcurrentLinkedQueue<>();
    long start = System.nanoTime();
    CreatedDocument created =
        client.createDocument(
            NewDocument.of(text.file()).withFresh(true),
            seen -> progress.add(new Progress(seen.tokens(), seconds(start))));
    double seconds = seconds(start);
    if (!created.read() || created.reusedTokens() > 0) {
      throw new IllegalStateException(text.name() + " was not read as a whole");
    }
    List<Progress> steps = List.copyOf(progress);
    return new Read(
        created.document().id(),
        new Reading(created.document().tokens(), seconds, 0, steps, rateAtTheEnd(steps), false));
  }

  /** Over the last eighth of the text, or the last two reports where that is less. */
  static double rateAtTheEnd(List<Progress> steps) {
    if (steps.size() < 2) {
      return 0;
    }
    Progress last = steps.getLast();
    Progress from = steps.get(steps.size() - 2);
    for (Progress step : steps) {
      if (step.tokens() >= last.tokens() * 7 / 8) {
        from = step.tokens() < from.tokens() ? step : from;
        break;
      }
    }
    long tokens = last.tokens() - from.tokens();
    return tokens <= 0 ? 0 : tokens / (last.seconds() - from.seconds());
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }

  @Override
  public Answering answer(int question, int tokens) {
    return answer(document, question, tokens, client);
  }

  /** About any document, for several threads. */
  Answering answerAbout(String documentId, int question, int tokens, Arrivals arrivals) {
    return answer(documentId, question, tokens, client, arrivals);
  }

  /** Is told when tokens arrive. */
  interface Arrivals {
    Arrivals NOBODY = (nanos, first) -> true;

    /**
     * @param first whether it is the first of an answer
     * @return whether to go on
     */
    boolean token(long nanos, boolean first);
  }

  static Answering answer(String documentId, int question, int tokens, LtriClient client) {
    return answer(documentId, question, tokens, client, Arrivals.NOBODY);
  }

  private static Answering answer(
      String documentId, int question, int tokens, LtriClient client, Arrivals arrivals) {
    List<Double> intervals = new ArrayList<>();
    double firstToken = 0;
    long promptTokens = 0;
    Retrieval retrieval = null;
    boolean goesOn = true;
    for (int i = 0; goesOn && i < MOST_QUESTIONS && intervals.size() < tokens - 1; i++) {
      Question asked =
          Question.builder()
              .documentId(documentId)
              .message(Message.user(QUESTIONS.get((question + i) % QUESTIONS.size())))
              .maxTokens(tokens - intervals.size())
              .build();
      long start = System.nanoTime();
      long before = 0;
      try (AnswerStream stream = client.stream(asked)) {
        while (stream.hasNext()) {
          AnswerEvent event = stream.next();
          long now = System.nanoTime();
          switch (event) {
            case AnswerText piece -> {
              int count = piece.tokenIds().size();
              for (int t = 0; t < count; t++) {
                if (before == 0) {
                  firstToken = i == 0 ? millis(now - start) : firstToken;
                } else {
                  intervals.add(millis(now - before) / count);
                }
                goesOn &= arrivals.token(now, before == 0 && t == 0);
              }
              before = count > 0 ? now : before;
            }
            case AnswerFigures figures -> {
              promptTokens = figures.promptTokens();
              retrieval = retrieval == null ? of(figures) : retrieval.plus(of(figures));
            }
          }
          if (!goesOn) {
            break;
          }
        }
      }
    }
    if (intervals.isEmpty() && tokens > 1 && goesOn) {
      throw new IllegalStateException(
          "the model ends every answer after one token: nothing can be timed");
    }
    return new Answering(
        promptTokens,
        firstToken,
        intervals.stream().mapToDouble(Double::doubleValue).toArray(),
        retrieval);
  }

  private static Retrieval of(AnswerFigures figures) {
    return new Retrieval(
        figures.generatedTokens(),
        figures.lookups(),
        figures.lookupsMissed(),
        figures.spansFetched(),
        figures.spansFromCache(),
        figures.bytesFetched(),
        figures.retrievedTokens());
  }

  /** To a microsecond, which is all that a clock in another process is good for. */
  private static double millis(long nanos) {
    return Math.round(nanos / 1e3) / 1e3;
  }

  String document() {
    return document;
  }

  LtriClient client() {
    return client;
  }

  @Override
  public List<MemoryUse> memory() throws IOException, InterruptedException {
    List<MemoryUse> all = new ArrayList<>();
    // Before the collection, which changes what is resident.
    long inference = services.inference().pid();
    long index = services.index().pid();
    MemoryUse first = Processes.memory("inference-service", inference, 0);
    MemoryUse second = Processes.memory("index-service", index, 0);
    all.add(withHeap(first, Processes.liveHeapBytes(inference)));
    all.add(withHeap(second, Processes.liveHeapBytes(index)));
    return all;
  }

  private static MemoryUse withHeap(MemoryUse use, long bytes) {
    return new MemoryUse(
        use.process(), use.residentBytes(), use.anonymousBytes(), use.peakBytes(), bytes);
  }

  @Override
  public long bytesPerStep(Text text, List<Answering> answers) {
    ServerInfo server = client.server();
    if (server.stepWeightBytes() == 0) {
      return 0;
    }
    Map<String, String> reading = server.readingSettings();
    String storage = reading.getOrDefault("storage", "");
    int stored = storage.equals("fp32") ? 4 : storage.equals("int8") ? 1 : 2;
    long resident = answers.getLast().promptTokens();
    Retrieval retrieval = answers.getLast().retrieval();
    if (reading.containsKey("window-tokens") && retrieval != null) {
      long kept =
          Long.parseLong(reading.getOrDefault("sink-tokens", "0"))
              + Long.parseLong(reading.getOrDefault("window-tokens", "0"));
      resident = Math.min(resident, kept + Math.round(retrieval.retrievedTokensPerLookup()));
    }
    return server.stepWeightBytes() + stored * resident * keysAndValues(model);
  }

  /** Numbers per token of the text. */
  static long keysAndValues(ModelConfig model) {
    return 2L * model.layers() * model.kvHeads() * model.headDim();
  }

  @Override
  public Map<String, String> facts() {
    ServerInfo server = client.server();
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("version", server.version());
    facts.put("model", server.model());
    facts.put("model-digest", server.modelDigest());
    facts.put("device", server.device());
    facts.put("precision", server.precision());
    facts.put("policy", server.policy());
    server.readingSettings().forEach((name, value) -> facts.put("reading." + name, value));
    return facts;
  }

  private void forget() {
    if (!document.isEmpty()) {
      long unused = client.delete(document);
      document = "";
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
