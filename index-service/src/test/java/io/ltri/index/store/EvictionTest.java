package io.ltri.index.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.index.store.Eviction.Candidate;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which documents make room, and which never do. */
class EvictionTest {

  @TempDir Path folder;

  private final AtomicLong now = new AtomicLong(System.currentTimeMillis());

  private DocumentStore open(long nodeBytes, Map<String, Long> tenants) {
    LifeSettings life = new LifeSettings(nodeBytes, 0, tenants, 0, true, 1_000, 86_400_000);
    return new DocumentStore(
        new StoreSettings(folder, 2, 1_000_000, 1, 64, life),
        FileLayer.system(),
        () -> Long.MAX_VALUE,
        now::get);
  }

  // -- the choice
  // --------------------------------------------------------------------------------------------------

  @Test
  void longIdleGoesBeforeLatelyUsed() {
    assertThat(
            Eviction.choose(
                List.of(new Candidate("a", 100, 10, 50), new Candidate("b", 100, 20, 50)), 100))
        .extracting(Candidate::id)
        .containsExactly("b");
  }

  @Test
  void cheapToBuildGoesBeforeDear() {
    assertThat(
            Eviction.choose(
                List.of(new Candidate("dear", 100, 20, 90), new Candidate("cheap", 100, 10, 10)),
                50))
        .extracting(Candidate::id)
        .containsExactly("cheap");
  }

  @Test
  void nothingGoesInVain() {
    List<Candidate> two = List.of(new Candidate("a", 100, 1, 1), new Candidate("b", 100, 1, 1));
    assertThat(Eviction.choose(two, 201)).isEmpty();
    assertThat(Eviction.choose(two, 200)).hasSize(2);
    assertThat(Eviction.choose(List.of(), 1)).isEmpty();
  }

  @Test
  void chosenAreEnoughAndNoneOfThemIsNeedless() {
    long seed = new Random().nextLong();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    for (int run = 0; run < 500; run++) {
      List<Candidate> all = new ArrayList<>();
      for (int i = random.nextInt(12); i >= 0; i--) {
        all.add(
            new Candidate(
                "d" + i, 1 + random.nextInt(1000), random.nextInt(1000), random.nextInt(50)));
      }
      long missing = 1 + random.nextInt(3000);
      List<Candidate> chosen = Eviction.choose(all, missing);
      long bytes = chosen.stream().mapToLong(Candidate::bytes).sum();
      if (all.stream().mapToLong(Candidate::bytes).sum() < missing) {
        assertThat(chosen).as("seed %d, run %d", seed, run).isEmpty();
      } else {
        assertThat(bytes).as("seed %d, run %d", seed, run).isGreaterThanOrEqualTo(missing);
        for (Candidate one : chosen) {
          assertThat(bytes - one.bytes()).as("seed %d, run %d", seed, run).isLessThan(missing);
        }
      }
    }
  }

  // -- in the store
  // ------------------------------------------------------------------------------------------------

  @Test
  void leastUsedMakesRoomAndPinnedAndReadAndLatelyUsedOnesStay() {
    long one;
    String pinned;
    String read;
    String idle;
    String lately;
    try (DocumentStore store = open(0, Map.of())) {
      pinned = Documents.sealed(store, "", 30, SealFacts.NONE).id();
      one = store.figures().sizeBytes();
      read = Documents.sealed(store, "", 30, SealFacts.NONE).id();
      idle = Documents.sealed(store, "", 30, SealFacts.NONE).id();
      lately = Documents.sealed(store, "", 30, SealFacts.NONE).id();
      store.update(pinned, new FactsChange(null, null, true, Map.of(), List.of()));
    }
    long limit = 5 * one + one / 2;
    try (DocumentStore store = open(limit, Map.of());
        OpenDocument reader = store.open(read)) {
      now.addAndGet(10_000);
      store.used(lately);
      now.addAndGet(500);
      String fits = Documents.sealed(store, "", 1, SealFacts.NONE).id();
      String next = Documents.sealed(store, "", 30, SealFacts.NONE).id();
      assertThat(store.list(false))
          .extracting(DocumentSummary::id)
          .containsExactlyInAnyOrder(pinned, read, lately, fits, next);
      assertThat(store.deleted(0))
          .singleElement()
          .satisfies(
              gone -> {
                assertThat(gone.id()).isEqualTo(idle);
                assertThat(gone.reason()).isEqualTo(DeletionReason.EVICTED);
                assertThat(gone.freedBytes()).isEqualTo(one);
              });
      assertThat(reader.layer(0).spanCount()).isEqualTo(30);
      // The rest can not go: refused.
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 3; i++) {
                  Documents.sealed(store, "", 30, SealFacts.NONE);
                }
              })
          .isInstanceOf(NoRoomException.class)
          .hasMessageContaining("bytes are missing");
      assertThat(store.deleted(0)).hasSize(1);
      assertThat(store.figures().sizeBytes()).isLessThanOrEqualTo(limit);
    }
  }

  @Test
  void readingsThatNobodyGoesOnWithMakeRoomAndTheOneThatIsTakenUpDoesNot() {
    Contents text = new Contents(7, 12, 0);
    try (DocumentStore store = open(0, Map.of())) {
      for (int i = 0; i < 4; i++) {
        build(store, text, "k" + i, 3);
      }
    }
    // A restart is no use of them; and what can be made again is not there behind it.
    now.addAndGet(10_000);
    long four;
    try (DocumentStore store = open(0, Map.of())) {
      four = store.figures().sizeBytes();
    }
    try (DocumentStore store = open(four, Map.of())) {
      assertThat(store.list(true)).hasSize(4);
      DocumentSummary taken = store.create(wanted("k2"));
      assertThat(taken.checkpointTokens()).isPositive();
      for (int step = 3; step < 9; step++) {
        text.append(store, taken.id(), step);
      }
      assertThat(store.summary(taken.id()).state()).isEqualTo(DocumentState.BUILDING);
      assertThat(store.list(true)).hasSizeLessThan(4);
      assertThat(store.deleted(0))
          .isNotEmpty()
          .allSatisfy(gone -> assertThat(gone.reason()).isEqualTo(DeletionReason.EVICTED));
    }
  }

  @Test
  void readingToWhichNothingComesForLongMakesRoomThoughNobodyHasLetGoOfIt() {
    Contents text = new Contents(7, 12, 0);
    long one;
    try (DocumentStore store = open(0, Map.of())) {
      build(store, text, "k0", 3);
      one = store.figures().sizeBytes();
      assertThat(store.delete(store.list(true).getFirst().id())).isPositive();
    }
    try (DocumentStore store = open(2 * one + one / 2, Map.of())) {
      build(store, text, "dead", 3);
      now.addAndGet(60_000);
      build(store, text, "slow", 3);
      assertThatThrownBy(() -> build(store, text, "new", 3)).isInstanceOf(NoRoomException.class);
      now.addAndGet(590_000);
      build(store, text, "new", 3);
      assertThat(store.deleted(1).getFirst().reason()).isEqualTo(DeletionReason.EVICTED);
    }
  }

  private static NewDocument wanted(String key) {
    return new NewDocument(Contents.LAYOUT, Map.of("title", "t"), false, key, Origin.NONE);
  }

  private static void build(DocumentStore store, Contents text, String key, int steps) {
    String id = store.create(wanted(key)).id();
    for (int step = 0; step < steps; step++) {
      text.append(store, id, step);
    }
    text.checkpoint(store, id, steps);
  }

  @Test
  void tenantMakesRoomWithDocumentsOfItsOwnAlone() {
    long one;
    String own;
    String others;
    try (DocumentStore store = open(0, Map.of())) {
      others = Documents.sealed(store, "other", 30, SealFacts.NONE).id();
      one = store.figures().sizeBytes();
      now.addAndGet(10_000);
      own = Documents.sealed(store, "acme", 30, SealFacts.NONE).id();
      now.addAndGet(10_000);
    }
    try (DocumentStore store = open(0, Map.of("acme", 2 * one + one / 2))) {
      Documents.sealed(store, "acme", 30, SealFacts.NONE);
      Documents.sealed(store, "acme", 5, SealFacts.NONE);
      assertThat(store.deleted(0)).extracting(DeletedDocument::id).containsExactly(own);
      store.open(others).close();
    }
  }

  @Test
  void manyWritersThatNeedRoomAtOnceGetItAndStayWithinTheLimit() throws Exception {
    long one;
    try (DocumentStore store = open(0, Map.of())) {
      for (int i = 0; i < 8; i++) {
        Documents.sealed(store, "", 20, SealFacts.NONE);
      }
      one = store.figures().sizeBytes() / 8;
      now.addAndGet(10_000);
    }
    long limit = 9 * one;
    try (DocumentStore store = open(limit, Map.of());
        ExecutorService writers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<String>> work = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        work.add(() -> Documents.sealed(store, "", 20, SealFacts.NONE).id());
      }
      for (Future<String> written : writers.invokeAll(work)) {
        store.open(written.get()).close();
      }
      assertThat(store.figures().sizeBytes()).isLessThanOrEqualTo(limit);
      assertThat(store.deleted(0))
          .hasSizeGreaterThanOrEqualTo(2)
          .allSatisfy(gone -> assertThat(gone.reason()).isEqualTo(DeletionReason.EVICTED))
          .extracting(DeletedDocument::id)
          .doesNotHaveDuplicates();
    }
  }
}
