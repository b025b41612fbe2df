package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.ltri.client.Answer;
import io.ltri.client.Document;
import io.ltri.client.LtriException;
import io.ltri.client.NewDocument;
import io.ltri.client.Question;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Phaser;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Eight clients create, ask, keep, append, delete and look, against a small quota that makes the
 * index evict, while both services restart now and then. Runs only when asked to:
 *
 * <pre>
 * mvn verify -pl testing -am -Dtest=SoakTest -Dsurefire.failIfNoSpecifiedTests=false -Dltri.soak.minutes=20
 * </pre>
 *
 * <p>Everything runs in this process, so that what a service leaks when it stops is seen, too.
 * Every round ends at rest, where heap, native memory, open files and bytes on disk are taken; they
 * must not grow from the first third to the last. The rows go to {@code target/soak.csv}.
 */
@EnabledIfSystemProperty(named = "ltri.soak.minutes", matches = "[0-9]+")
class SoakTest {
  private static final int CLIENTS = 8;
  private static final Duration ROUND = Duration.ofSeconds(20);
  private static final int ROUNDS_BETWEEN_RESTARTS = 3;
  private static final long QUOTA_BYTES = 60 << 20;

  @RegisterExtension
  static final LtriExtension LTRI =
      TinyModel.services()
          .with("ltri.index.quota", QUOTA_BYTES + "B")
          .with("ltri.inference.checkpoint-tokens", 512);

  private record Sample(
      long second, long heap, long anonymous, int files, long disk, int documents, int answers) {

    String row() {
      return "%d,%d,%d,%d,%d,%d,%d"
          .formatted(second, heap, anonymous, files, disk, documents, answers);
    }
  }

  private final AtomicInteger answers = new AtomicInteger();
  private final AtomicInteger created = new AtomicInteger();
  private final AtomicInteger notThere = new AtomicInteger();
  private final AtomicReference<Throwable> failure = new AtomicReference<>();
  private final ConcurrentHashMap<String, List<Integer>> expected = new ConcurrentHashMap<>();

  @Test
  void nothingLeaks() throws IOException {
    long minutes = Long.getLong("ltri.soak.minutes");
    long start = System.nanoTime();
    long end = start + Duration.ofMinutes(minutes).toNanos();
    List<Sample> samples = new ArrayList<>();
    for (int round = 0; System.nanoTime() < end && failure.get() == null; round++) {
      round(round);
      if (round % ROUNDS_BETWEEN_RESTARTS == ROUNDS_BETWEEN_RESTARTS - 1) {
        LTRI.restart();
      }
      samples.add(sample((System.nanoTime() - start) / 1_000_000_000));
    }
    Path csv = Path.of("target/soak.csv");
    List<String> rows = new ArrayList<>();
    rows.add("second,heap_bytes,anonymous_bytes,open_files,disk_bytes,documents,answers");
    samples.forEach(sample -> rows.add(sample.row()));
    Files.write(csv, rows);
    System.out.printf(
        Locale.ROOT,
        "soak: %d answers, %d documents created, %d times one was gone or had no room; %s%n",
        answers.get(),
        created.get(),
        notThere.get(),
        csv);
    assertThat(failure.get()).isNull();
    assertThat(answers.get()).isPositive();
    int third = samples.size() / 3;
    assertThat(third).as("rounds in a third of the time").isPositive();
    List<Sample> early = samples.subList(third, 2 * third);
    List<Sample> late = samples.subList(samples.size() - third, samples.size());
    assertThat(least(late, Sample::heap))
        .as("heap")
        .isLessThan(most(early, Sample::heap) * 11 / 10);
    assertThat(least(late, Sample::anonymous))
        .as("anonymous memory")
        .isLessThan(most(early, Sample::anonymous) * 11 / 10);
    assertThat(least(late, sample -> sample.files()))
        .as("open files")
        .isLessThan(most(early, sample -> sample.files()) * 11 / 10);
    assertThat(late.getLast().answers() - late.getFirst().answers())
        .as("answers in the last third")
        .isPositive();
    assertThat(samples).allSatisfy(sample -> assertThat(sample.disk()).isLessThan(2 * QUOTA_BYTES));
  }

  private static long least(List<Sample> samples, java.util.function.ToLongFunction<Sample> of) {
    return samples.stream().mapToLong(of).min().orElseThrow();
  }

  private static long most(List<Sample> samples, java.util.function.ToLongFunction<Sample> of) {
    return samples.stream().mapToLong(of).max().orElseThrow();
  }

  private void round(int round) {
    long end = System.nanoTime() + ROUND.toNanos();
    Phaser running = new Phaser(1);
    for (int client = 0; client < CLIENTS; client++) {
      Random random = new Random(1000L * round + client);
      running.register();
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  while (System.nanoTime() < end && failure.get() == null) {
                    act(random);
                  }
                } catch (Throwable e) {
                  failure.compareAndSet(null, e);
                } finally {
                  running.arriveAndDeregister();
                }
              });
    }
    running.arriveAndAwaitAdvance();
  }

  private void act(Random random) throws InterruptedException {
    try {
      switch (random.nextInt(10)) {
        case 0, 1, 2 -> create(random);
        case 3 -> append(random);
        case 4 -> delete(random);
        default -> ask(random);
      }
    } catch (LtriException e) {
      // Another client may have deleted it, or the quota may have had it evicted.
      if (e.code() != Status.Code.NOT_FOUND && e.code() != Status.Code.RESOURCE_EXHAUSTED) {
        throw e;
      }
      notThere.incrementAndGet();
    }
  }

  private void create(Random random) throws InterruptedException {
    String text = TinyModel.text(200 + random.nextInt(1500), random.nextInt(60));
    Document unused = LTRI.client().createDocument(NewDocument.of("soak", text)).document();
    created.incrementAndGet();
  }

  private void append(Random random) throws InterruptedException {
    Document under = any(random);
    if (under != null) {
      String text = TinyModel.text(100 + random.nextInt(300), random.nextInt(60));
      Document unused =
          LTRI.client()
              .createDocument(NewDocument.of("soak", text).continuing(under.id()))
              .document();
      created.incrementAndGet();
    }
  }

  private void delete(Random random) {
    Document document = any(random);
    if (document != null) {
      long unused = LTRI.client().delete(document.id());
    }
  }

  private void ask(Random random) {
    Document document = any(random);
    if (document == null) {
      return;
    }
    Question.Builder question = TinyModel.question(document.id(), "what did the keeper write?");
    if (random.nextInt(4) == 0) {
      question.keep(Duration.ofSeconds(30));
    }
    Answer answer = LTRI.client().generate(question.build());
    answers.incrementAndGet();
    if (answer.figures().lookupsMissed() == 0) {
      List<Integer> before = expected.putIfAbsent(document.digest(), answer.tokenIds());
      if (before != null) {
        assertThat(answer.tokenIds()).as("document %s", document.id()).isEqualTo(before);
      }
    }
  }

  private static @org.jspecify.annotations.Nullable Document any(Random random) {
    List<Document> documents = LTRI.client().documents();
    return documents.isEmpty() ? null : documents.get(random.nextInt(documents.size()));
  }

  private Sample sample(long second) throws IOException {
    System.gc();
    long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    return new Sample(
        second,
        heap,
        anonymous(),
        openFiles(),
        disk(LTRI.data()),
        LTRI.client().documents().size(),
        answers.get());
  }

  private static long anonymous() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("RssAnon:")) {
        return 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    return 0;
  }

  private static int openFiles() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
      return (int) files.count();
    }
  }

  /** Documents may be on their way out meanwhile. */
  private static long disk(Path folder) throws IOException {
    AtomicLong bytes = new AtomicLong();
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            bytes.addAndGet(attributes.isRegularFile() ? attributes.size() : 0);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            return goOn(e);
          }

          @Override
          public FileVisitResult postVisitDirectory(Path left, @Nullable IOException e)
              throws IOException {
            return e == null ? FileVisitResult.CONTINUE : goOn(e);
          }

          private FileVisitResult goOn(IOException e) throws IOException {
            if (e instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw e;
          }
        });
    return bytes.get();
  }
}
