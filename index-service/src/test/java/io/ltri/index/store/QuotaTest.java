package io.ltri.index.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Limits of bytes, held against what the disk really holds. Every test compares with the system's
 * own count, {@code du}.
 */
class QuotaTest {

  /**
   * What the disk may hold beyond a limit: the three folders of the store, one {@code facts.json}
   * that is being written anew, and the record of deletions, which is short here.
   */
  private static final long CONSTANT = 10 * Accounts.BLOCK_BYTES;

  private static final Pattern MISSING = Pattern.compile("(\\d+) bytes are missing");

  @TempDir Path folder;

  private final AtomicLong now = new AtomicLong(System.currentTimeMillis());
  private final AtomicLong disk = new AtomicLong(Long.MAX_VALUE);

  private static LifeSettings node(long bytes, boolean evict) {
    return new LifeSettings(bytes, 0, Map.of(), 0, evict, 1_000, 86_400_000);
  }

  private static LifeSettings tenant(String tenant, long bytes) {
    return new LifeSettings(0, 0, Map.of(tenant, bytes), 0, false, 1_000, 86_400_000);
  }

  private DocumentStore open(Path at, LifeSettings life) {
    return new DocumentStore(
        new StoreSettings(at, 2, 1_000_000, 1, 64, life), FileLayer.system(), disk::get, now::get);
  }

  private static void assertWithin(Path at, DocumentStore store, long limit) {
    assertThat(store.figures().sizeBytes()).isLessThanOrEqualTo(limit);
    assertThat(Documents.diskBytes(at.resolve("documents"))).isLessThanOrEqualTo(limit + CONSTANT);
  }

  private static long missing(Throwable e) {
    Matcher matcher = MISSING.matcher(String.valueOf(e.getMessage()));
    assertThat(matcher.find()).as(e.getMessage()).isTrue();
    return Long.parseLong(matcher.group(1));
  }

  // -- what is counted
  // ---------------------------------------------------------------------------------------------

  @Test
  void countFollowsTheDiskThroughRandomWorkAndIsTheSameAfterARestart() {
    long seed = new Random().nextLong();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    List<String> sealed = new ArrayList<>();
    List<String> building = new ArrayList<>();
    try (DocumentStore store = open(folder, LifeSettings.UNLIMITED)) {
      for (int i = 0; i < 40; i++) {
        switch (random.nextInt(5)) {
          case 0, 1 -> building.add(Documents.building(store, "t" + i % 2, random.nextInt(60)));
          case 2, 3 -> {
            if (!building.isEmpty()) {
              String id = building.removeLast();
              Documents.seal(store, id, SealFacts.NONE);
              sealed.add(id);
            }
          }
          default -> {
            List<String> from = random.nextBoolean() ? sealed : building;
            if (!from.isEmpty()) {
              store.delete(from.remove(random.nextInt(from.size())));
            }
          }
        }
        assertThat(store.figures().sizeBytes())
            .as("seed %d, step %d", seed, i)
            .isBetween(
                Documents.diskBytes(folder.resolve("documents")) - CONSTANT,
                Documents.diskBytes(folder.resolve("documents")));
      }
      building.forEach(store::delete);
      long before = store.figures().sizeBytes();
      store.close();
      try (DocumentStore again = open(folder, LifeSettings.UNLIMITED)) {
        assertThat(again.figures().sizeBytes()).as("seed %d", seed).isEqualTo(before);
        sealed.forEach(again::delete);
        assertThat(again.figures().sizeBytes()).isZero();
      }
    }
  }

  // -- a writer that goes too far
  // ----------------------------------------------------------------------------------

  /** The smallest limit under which a document can be built and sealed. */
  private long peak(int spans) {
    long low = 1;
    long high = 256;
    for (int run = 0; low < high; run++) {
      long blocks = (low + high) / 2;
      LifeSettings limit = tenant("acme", blocks * Accounts.BLOCK_BYTES);
      try (DocumentStore store = open(folder.resolve("peak" + run), limit)) {
        Documents.sealed(store, "acme", spans, SealFacts.NONE);
        high = blocks;
      } catch (NoRoomException e) {
        low = blocks + 1;
      }
    }
    return low * Accounts.BLOCK_BYTES;
  }

  @Test
  void oneByteTooManyIsRefusedAndNamed() {
    long limit = peak(40);
    Path enough = folder.resolve("enough");
    try (DocumentStore store = open(enough, tenant("acme", limit))) {
      Documents.sealed(store, "acme", 40, SealFacts.NONE);
      assertWithin(enough, store, limit);
    }
    Path less = folder.resolve("less");
    try (DocumentStore store = open(less, tenant("acme", limit - 1))) {
      assertThatThrownBy(() -> Documents.sealed(store, "acme", 40, SealFacts.NONE))
          .isInstanceOf(NoRoomException.class)
          .hasMessageContaining("1 bytes are missing: tenant acme may hold " + (limit - 1));
      assertWithin(less, store, limit - 1);
      // The refused document is as it was before, and other tenants are not concerned.
      String id = store.list(true).getFirst().id();
      assertThat(store.summary(id).state()).isEqualTo(DocumentState.BUILDING);
      assertThat(store.summary(id).spans()).isEqualTo(40);
      Documents.sealed(store, "other", 40, SealFacts.NONE);
    }
  }

  @Test
  void refusedAppendAddsNothingAndGoesThroughWhenThereIsRoomAgain() {
    long limit = 300_000;
    try (DocumentStore store = open(folder, node(limit, false))) {
      String other = Documents.building(store, "", 20);
      String id = store.create(Documents.LAYOUT, Map.of(), false).id();
      RandomSpans random = new RandomSpans(1, Documents.LAYOUT);
      int spans = 0;
      NoRoomException refused = null;
      NewSpan span = random.span(0, 100, 1).span();
      while (refused == null) {
        try {
          store.append(id, 0, List.of(span));
          spans++;
          span = random.span(100 * spans, 100 * spans + 100, 1).span();
        } catch (NoRoomException e) {
          refused = e;
        }
      }
      assertThat(missing(refused)).isPositive();
      assertThat(store.summary(id).spans()).isEqualTo(spans);
      assertWithin(folder, store, limit);
      store.delete(other);
      store.append(id, 0, List.of(span));
      assertThat(store.summary(id).spans()).isEqualTo(spans + 1);
    }
  }

  /** The watcher stops all streams, wherever they are between two calls, to look at the disk. */
  @Test
  void manyParallelStreamsStayWithinTheLimitAtEveryMoment() throws Exception {
    long seed = new Random().nextLong();
    System.out.println("seed " + seed);
    long limit = 2_000_000;
    AtomicInteger refused = new AtomicInteger();
    AtomicInteger sealed = new AtomicInteger();
    AtomicBoolean done = new AtomicBoolean();
    ReadWriteLock pause = new ReentrantReadWriteLock(true);
    try (DocumentStore store = open(folder, node(limit, false));
        ExecutorService streams = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Integer> watcher =
          streams.submit(
              () -> {
                int looks = 0;
                while (!done.get()) {
                  assertThat(store.figures().sizeBytes()).isLessThanOrEqualTo(limit);
                  pause.writeLock().lock();
                  try {
                    assertWithin(folder, store, limit);
                  } finally {
                    pause.writeLock().unlock();
                  }
                  looks++;
                }
                return looks;
              });
      List<Callable<Void>> writers = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        int number = i;
        writers.add(
            () -> {
              Random random = new Random(seed + number);
              for (int round = 0; round < 4; round++) {
                try {
                  String id =
                      during(
                          pause,
                          () ->
                              store
                                  .create(
                                      new NewDocument(
                                          Documents.LAYOUT,
                                          Map.of(),
                                          false,
                                          "",
                                          new Origin("t" + number % 3, "")))
                                  .id());
                  RandomSpans spans = new RandomSpans(seed + number, Documents.LAYOUT);
                  for (int left = random.nextInt(80), at = 0; left >= 0; left--, at += 10) {
                    List<NewSpan> span = List.of(spans.span(at, at + 10, 1).span());
                    during(
                        pause,
                        () -> {
                          store.append(id, 0, span);
                          return id;
                        });
                  }
                  during(pause, () -> Documents.seal(store, id, SealFacts.NONE));
                  sealed.incrementAndGet();
                } catch (NoRoomException e) {
                  assertThat(missing(e)).isPositive();
                  refused.incrementAndGet();
                } catch (DocumentNotFoundException e) {
                  // Another stream has deleted it.
                  continue;
                }
                if (random.nextInt(4) == 0) {
                  for (DocumentSummary document : store.list(true)) {
                    if (random.nextInt(4) == 0) {
                      during(pause, () -> deleteIfPossible(store, document.id()));
                    }
                  }
                }
              }
              return null;
            });
      }
      for (Future<Void> writer : streams.invokeAll(writers)) {
        writer.get();
      }
      done.set(true);
      assertThat(watcher.get()).isPositive();
      assertThat(refused).as("seed %d", seed).hasPositiveValue();
      assertThat(sealed).as("seed %d", seed).hasPositiveValue();
      assertWithin(folder, store, limit);
      store.list(true).forEach(document -> deleteIfPossible(store, document.id()));
      assertThat(store.figures().sizeBytes()).as("seed %d", seed).isZero();
    }
  }

  private static <T> T during(ReadWriteLock pause, Supplier<T> call) {
    pause.readLock().lock();
    try {
      return call.get();
    } finally {
      pause.readLock().unlock();
    }
  }

  /** Not when another stream was faster, or is sealing it. */
  private static boolean deleteIfPossible(DocumentStore store, String id) {
    try {
      store.delete(id);
      return true;
    } catch (DocumentNotFoundException | WrongStateException e) {
      return false;
    }
  }

  @Test
  void whatCountsIsWhatIsWrittenWhateverLengthWasAnnounced() throws IOException {
    long limit = 100_000;
    try (DocumentStore store = open(folder, node(limit, false))) {
      String id = store.create(Documents.LAYOUT, Map.of(), false).id();
      NewSpan honest = new RandomSpans(1, Documents.LAYOUT).span(0, 10, 1).span();
      // Says that it has 10 tokens, and brings the bytes of 10,000.
      ByteBuffer long_ = ByteBuffer.allocate((int) Documents.LAYOUT.partBytes(10_000));
      NewSpan lying =
          new NewSpan(0, 10, 0, 0, honest.vectors().duplicate(), long_, long_.duplicate());
      assertThatThrownBy(() -> store.append(id, 0, List.of(lying)))
          .isInstanceOfAny(InvalidInputException.class, NoRoomException.class);
      assertThat(store.summary(id).spans()).isZero();
      assertWithin(folder, store, limit);
    }
    // A file whose length was announced as one terabyte takes no room; the bytes that come do.
    Accounts accounts = new Accounts(node(limit, false), () -> Long.MAX_VALUE, now::get);
    Path documents = folder.resolve("lying");
    MeteredFiles files = new MeteredFiles(FileLayer.system(), documents, accounts);
    files.createFolders(documents.resolve("doc"));
    try (FileLayer.WritableFile file = files.create(documents.resolve("doc/file"))) {
      file.resize(1L << 40);
      assertThat(accounts.total()).isEqualTo(Accounts.BLOCK_BYTES);
      long written = 0;
      ByteBuffer bytes = ByteBuffer.allocate(8192);
      try {
        while (true) {
          file.write(bytes.clear(), written * 1_000);
          written += bytes.limit();
        }
      } catch (RefusedWriteException e) {
        assertThat(missing(e)).isPositive();
      }
      assertThat(written).isBetween(limit - 20_000, limit);
      assertThat(Documents.diskBytes(documents)).isLessThanOrEqualTo(limit + CONSTANT);
    }
    files.delete(documents.resolve("doc/file"));
    files.delete(documents.resolve("doc"));
    assertThat(accounts.total()).isZero();
  }

  @Test
  void labelsCountAndUsesAreWrittenDownEvenAtTheLimit() {
    String id;
    long full;
    try (DocumentStore store = open(folder, LifeSettings.UNLIMITED)) {
      id = Documents.sealed(store, "acme", 3, SealFacts.NONE).id();
      full = store.figures().sizeBytes();
    }
    try (DocumentStore store = open(folder, tenant("acme", full))) {
      FactsChange large =
          new FactsChange(null, null, null, Map.of("k", "x".repeat(20_000)), List.of());
      assertThatThrownBy(() -> store.update(id, large)).isInstanceOf(NoRoomException.class);
      assertThat(store.summary(id).facts().labels()).isEmpty();
      store.update(id, new FactsChange(null, null, true, Map.of(), List.of()));
      now.addAndGet(70_000);
      store.used(id);
      store.sweep();
      assertWithin(folder, store, full);
    }
    try (DocumentStore store = open(folder, tenant("acme", full))) {
      assertThat(store.summary(id).facts().lastUsedAtMillis()).isEqualTo(now.get());
      assertThat(store.summary(id).facts().pinned()).isTrue();
    }
  }

  // -- a disk that is full
  // -----------------------------------------------------------------------------------------

  @Test
  void fullDiskRefusesWithTheMissingBytesAndKeepsItsReserve() {
    LifeSettings life = new LifeSettings(0, 0, Map.of(), 50_000, true, 0, 86_400_000);
    disk.set(1_000_000);
    try (DocumentStore store = open(folder, life)) {
      String sealed = Documents.sealed(store, "", 5, SealFacts.NONE).id();
      String id = Documents.building(store, "", 1);
      now.addAndGet(100_000);
      disk.set(53_000);
      assertThat(store.figures().freeBytes()).isEqualTo(3_000);
      NewSpan span = new RandomSpans(1, Documents.LAYOUT).span(100, 300, 1).span();
      assertThatThrownBy(() -> store.append(id, 0, List.of(span)))
          .isInstanceOf(NoRoomException.class)
          .hasMessageContaining("bytes are missing: the disk has 53000 bytes left")
          .hasMessageContaining("50000 are kept in reserve");
      assertThatThrownBy(() -> Documents.seal(store, id, SealFacts.NONE))
          .isInstanceOf(NoRoomException.class);
      assertThatThrownBy(() -> store.create(Documents.LAYOUT, Map.of(), false))
          .isInstanceOf(NoRoomException.class);
      // Nothing is evicted for a disk that others fill too; what there is can be read and kept.
      store.open(sealed).close();
      store.update(sealed, new FactsChange(null, null, true, Map.of(), List.of()));
      store.delete(sealed);
      assertThat(store.deleted(0)).hasSize(1);
      disk.set(1_000_000);
      store.append(id, 0, List.of(span));
      Documents.seal(store, id, SealFacts.NONE);
    }
  }
}
