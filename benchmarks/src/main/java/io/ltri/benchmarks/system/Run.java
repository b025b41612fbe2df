package io.ltri.benchmarks.system;

import io.ltri.benchmarks.figure.Answering;
import io.ltri.benchmarks.figure.LengthFigures;
import io.ltri.benchmarks.figure.Reading;
import io.ltri.benchmarks.figure.Result;
import io.ltri.benchmarks.figure.Result.Bandwidth;
import io.ltri.benchmarks.figure.ResultFile;
import io.ltri.benchmarks.figure.SequencesFigures;
import io.ltri.benchmarks.figure.Spread;
import io.ltri.benchmarks.figure.StepProfile;
import io.ltri.benchmarks.figure.WhileReadingFigures;
import io.ltri.benchmarks.profile.Profiler;
import io.ltri.client.command.ServicePair;
import io.ltri.evaluation.text.Haystack;
import io.ltri.evaluation.text.HaystackFetch;
import io.ltri.inference.model.ModelFiles;
import io.ltri.inference.model.ModelSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * One run: starts the services and the peer, measures what the plan says, ends both. What is
 * measured is written after every length, so that a run that is cut off has lost only the rest.
 */
public final class Run implements AutoCloseable {
  private static final long SEED = 42;
  private static final int WARM_UP_LENGTH = 1_500;
  private static final int WARM_UP_TOKENS = 48;

  /** Texts of different numbers are different. */
  private static final int WARM_UP_TEXT = 1_000;

  private static final int MEANWHILE_TEXT = 2_000;

  private final Plan plan;
  private final Path model;
  private final Path home;
  private final Path out;
  private final Path folder;
  private final ServicePair services;
  private final Instant begin = Instant.now();
  private final Map<String, String> textFacts = new LinkedHashMap<>();
  private final Map<String, String> settings;
  private final List<Bandwidth> bandwidth = new ArrayList<>();
  private final List<LengthFigures> lengths = new ArrayList<>();
  private final List<SequencesFigures> sequences = new ArrayList<>();
  private final List<WhileReadingFigures> whileReading = new ArrayList<>();
  private final List<StepProfile> profiles = new ArrayList<>();
  private final List<Subject> subjects = Collections.synchronizedList(new ArrayList<>());
  private String loadBefore = "";
  private boolean closed;
  private double gigabytesPerSecond;

  /**
   * Nothing is started yet.
   *
   * @param home the data folder of the installation
   * @param environment of the process; settings of the services in it hold
   * @param out where the result goes
   */
  public Run(Plan plan, Path model, Path home, Map<String, String> environment, Path out)
      throws IOException {
    this.plan = plan;
    this.model = model.toAbsolutePath().normalize();
    this.home = home;
    this.out = out;
    Path runs = Files.createDirectories(home.resolve("benchmarks"));
    this.folder = Files.createTempDirectory(runs, "run-");
    this.settings = settings(environment);
    this.services =
        new ServicePair(
            environment,
            Files.createDirectories(folder.resolve("services")),
            Map.of("LTRI_INFERENCE_MODEL", this.model.toString()));
  }

  private static Map<String, String> settings(Map<String, String> environment) {
    Map<String, String> set = new LinkedHashMap<>();
    environment.entrySet().stream()
        .filter(entry -> entry.getKey().matches("LTRI_(INDEX|INFERENCE)_.*"))
        .filter(entry -> !entry.getKey().matches(".*_(MODEL|DATA|TOKEN|KEY|TOKENFILE)"))
        .sorted(Map.Entry.comparingByKey())
        .forEach(entry -> set.put("set." + entry.getKey(), entry.getValue()));
    return set;
  }

  /** Measures everything; the result is in its file afterwards. */
  public Result measure() throws IOException, InterruptedException {
    loadBefore = Host.load();
    measureBandwidth("before");
    try (ModelSource source = ModelFiles.open(model);
        LongTexts texts = new LongTexts(haystack(), source, folder)) {
      say("starting the services");
      services.start();
      LtriSubject ltri = new LtriSubject(services, source.config());
      subjects.add(ltri);
      if (plan.peer() != null) {
        say("starting the peer");
        subjects.add(peer(plan.peer(), source));
      }
      if (plan.warmUp()) {
        warmUp(texts);
      }
      for (int length : plan.lengths()) {
        measureLength(texts.of(length, length), ltri);
        save(false);
      }
      if (!plan.sequences().isEmpty()) {
        measureSequences(texts, ltri);
        save(false);
      }
      if (plan.whileReading() > 0) {
        measureWhileReading(texts, ltri);
      }
      measureBandwidth("after");
      return save(true);
    }
  }

  private Haystack haystack() throws IOException {
    Path named = plan.haystack();
    if (named != null) {
      textFacts.put("source", "a file, " + named.getFileName());
      return Haystack.read(named);
    }
    if (!plan.generated()) {
      try {
        Path fetched = HaystackFetch.into(home.resolve("evaluation"));
        textFacts.put("source", HaystackFetch.PACKAGE + ", SHA-256 " + HaystackFetch.TEXT_SHA256);
        return Haystack.read(fetched);
      } catch (HaystackFetch.Failure e) {
        System.err.println("natural text: " + e.getMessage());
      }
    }
    textFacts.put("source", "generated prose, seed " + SEED);
    return Haystack.generated(SEED);
  }

  private LlamaCppSubject peer(Plan.Peer peer, ModelSource source) throws IOException {
    return new LlamaCppSubject(
        new LlamaCppSubject.Start(
            peer.command(),
            model,
            source.config(),
            peer.threads(),
            plan.tokens(),
            peer.reads(),
            peer.flashAttention()),
        folder);
  }

  private void measureBandwidth(String when) throws InterruptedException {
    if (plan.bandwidthBytes() > 0) {
      int cores = Runtime.getRuntime().availableProcessors();
      List<Bandwidth> measured = MemoryBandwidth.measure(when, plan.bandwidthBytes(), cores);
      bandwidth.addAll(measured);
      for (Bandwidth each : measured) {
        gigabytesPerSecond = Math.max(gigabytesPerSecond, each.gigabytesPerSecond().median());
      }
    }
  }

  private void warmUp(LongTexts texts) throws IOException, InterruptedException {
    say("warming up");
    Text text = texts.of(WARM_UP_LENGTH, WARM_UP_TEXT);
    for (Subject subject : subjects) {
      Reading unused = subject.read(text);
      for (int i = 0; i < 2; i++) {
        Answering alsoUnused = subject.answer(i, Math.min(WARM_UP_TOKENS, plan.tokens()));
      }
    }
  }

  private List<Subject> readersOf(int length) {
    return subjects.stream()
        .filter(
            subject ->
                subject instanceof LtriSubject
                    || plan.peer() == null
                    || length <= plan.peer().most())
        .toList();
  }

  private void measureLength(Text text, LtriSubject ltri) throws IOException, InterruptedException {
    List<Subject> readers = readersOf(text.length());
    Map<Subject, List<Reading>> readings = new LinkedHashMap<>();
    Map<Subject, List<Answering>> answers = new LinkedHashMap<>();
    for (Subject reader : readers) {
      readings.put(reader, new ArrayList<>());
      answers.put(reader, new ArrayList<>());
    }
    for (int round = 0; round < plan.readings(); round++) {
      for (Subject reader : inTurn(readers, round)) {
        say("%s reads %,d tokens".formatted(reader.name(), text.length()));
        Reading reading = reader.read(text);
        double first = reader.answer(0, 2).firstTokenMillis();
        list(readings, reader).add(reading.withFirstToken(1000 * reading.seconds() + first));
        say(
            String.format(
                Locale.ROOT,
                "%s read %,d tokens%s: %.1f tokens/s",
                reader.name(),
                reading.tokens(),
                reading.estimated() ? ", most of them by estimate" : "",
                reading.tokensPerSecond()));
      }
    }
    for (int round = 0; round < plan.rounds(); round++) {
      for (Subject reader : inTurn(readers, round)) {
        Answering answer = reader.answer(round + 1, plan.tokens());
        list(answers, reader).add(answer);
        say(
            String.format(
                Locale.ROOT,
                "%,d tokens, round %d, %s: p50 %.1f ms, p99 %.1f ms",
                text.length(),
                round + 1,
                reader.name(),
                answer.p50(),
                answer.p99()));
      }
    }
    for (Subject reader : readers) {
      List<Answering> made = list(answers, reader);
      long bytes = reader.bytesPerStep(text, made);
      lengths.add(
          new LengthFigures(
              text.length(),
              reader.name(),
              list(readings, reader),
              made,
              reader.memory(),
              gigabytesPerSecond == 0 ? 0 : bytes / gigabytesPerSecond / 1e6));
    }
    if (plan.profile()) {
      say("profile of " + text.length() + " tokens");
      try (Profiler profiler =
          new Profiler(services.inference().pid(), services.index().pid(), folder)) {
        Answering answer = ltri.answer(plan.rounds() + 1, plan.tokens());
        double mean = Arrays.stream(answer.intervalsMillis()).average().orElseThrow();
        profiles.add(profiler.profile(text.length(), mean));
      }
    }
  }

  private static <T> List<T> list(Map<Subject, List<T>> map, Subject key) {
    List<T> list = map.get(key);
    if (list == null) {
      throw new IllegalStateException("nothing of " + key.name());
    }
    return list;
  }

  /** Who begins changes from round to round. */
  private static List<Subject> inTurn(List<Subject> subjects, int round) {
    return round % 2 == 0 ? subjects : subjects.reversed();
  }

  private void measureSequences(LongTexts texts, LtriSubject ltri)
      throws IOException, InterruptedException {
    Text text = texts.of(plan.sequencesLength(), plan.sequencesLength());
    Reading unused = ltri.read(text);
    for (int count : plan.sequences()) {
      List<Sequences.Outcome> outcomes = new ArrayList<>();
      for (int round = 0; round < plan.rounds(); round++) {
        outcomes.add(Sequences.measure(ltri, count, plan.tokens(), round));
      }
      SequencesFigures figures =
          new SequencesFigures(
              count,
              text.length(),
              spread(outcomes, Sequences.Outcome::tokensPerSecond),
              spread(outcomes, Sequences.Outcome::p50),
              spread(outcomes, Sequences.Outcome::p99));
      sequences.add(figures);
      say("%d answers at once: %s tokens/s together".formatted(count, figures.tokensPerSecond()));
    }
  }

  private static Spread spread(
      List<Sequences.Outcome> outcomes,
      java.util.function.ToDoubleFunction<Sequences.Outcome> figure) {
    return Spread.of(outcomes.stream().mapToDouble(figure).toArray());
  }

  private void measureWhileReading(LongTexts texts, LtriSubject ltri)
      throws IOException, InterruptedException {
    Text text = texts.of(plan.sequencesLength(), plan.sequencesLength());
    Reading unused = ltri.read(text);
    say("an answer while %,d tokens are read".formatted(plan.whileReading()));
    whileReading.add(
        WhileReading.measure(
            ltri, text.length(), texts.of(plan.whileReading(), MEANWHILE_TEXT), plan));
  }

  private Result save(boolean complete) throws IOException {
    Map<String, String> host = new LinkedHashMap<>(Host.facts());
    host.put("load before", loadBefore);
    host.put("load after", Host.load());
    Map<String, String> ours = new LinkedHashMap<>();
    Map<String, Map<String, String>> peers = new LinkedHashMap<>();
    for (Subject subject : subjects) {
      if (subject instanceof LtriSubject) {
        ours.putAll(subject.facts());
      } else {
        peers.put(subject.name(), subject.facts());
      }
    }
    ours.put("model", String.valueOf(model.getFileName()));
    ours.putAll(settings);
    Result result =
        new Result(
            complete,
            new Result.Made(
                plan.label(),
                begin.truncatedTo(ChronoUnit.SECONDS).toString(),
                begin.until(Instant.now(), ChronoUnit.MILLIS) / 1000.0,
                plan.command(),
                host,
                ours,
                peers,
                textFacts),
            bandwidth,
            lengths,
            sequences,
            whileReading,
            profiles);
    ResultFile.write(out, result);
    return result;
  }

  private void say(String what) {
    double seconds = begin.until(Instant.now(), ChronoUnit.MILLIS) / 1000.0;
    System.err.printf(Locale.ROOT, "%6.1f s  %s%n", seconds, what);
  }

  /**
   * Ends everything that was started, once; may be called by any thread, at any time, and returns
   * when all has ended.
   */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    for (Subject subject : List.copyOf(subjects)) {
      subject.close();
    }
    services.close();
    delete(folder);
  }

  private static void delete(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | UncheckedIOException e) {
      System.err.println("left behind: " + folder + " (" + e.getMessage() + ")");
    }
  }
}
