package io.ltri.index.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Facts, expiry, deletion records, garbage; with a clock of the test's own. */
class LifeCycleTest {

  private static final FactsChange NOTHING = new FactsChange(null, null, null, Map.of(), List.of());

  @TempDir Path folder;

  private final AtomicLong now = new AtomicLong(System.currentTimeMillis());

  private DocumentStore open() {
    return open(LifeSettings.UNLIMITED, FileLayer.system());
  }

  private DocumentStore open(LifeSettings life, FileLayer files) {
    return new DocumentStore(
        new StoreSettings(folder, 2, 1_000_000, 1, 64, life),
        files,
        () -> Long.MAX_VALUE,
        now::get);
  }

  private Path folderOf(String id) {
    return folder.resolve("documents").resolve(id);
  }

  // -- facts
  // -------------------------------------------------------------------------------------------------------

  @Test
  void factsAreChangedAndSurviveARestart() {
    String id;
    DocumentFacts facts;
    try (DocumentStore store = open()) {
      id = Documents.sealed(store, "acme", 3, new SealFacts(1234, 0, 0)).id();
      store.update(
          id, new FactsChange(null, null, true, Map.of("name", "one", "tag", "x"), List.of()));
      long end = now.get() + 5_000;
      facts =
          store
              .update(
                  id, new FactsChange(end, 700L, null, Map.of("name", "two"), List.of("tag", "no")))
              .facts();
      assertThat(facts)
          .isEqualTo(
              new DocumentFacts("acme", now.get(), end, 700, true, Map.of("name", "two"), 1234));
    }
    try (DocumentStore store = open()) {
      assertThat(store.summary(id).facts()).isEqualTo(facts);
      assertThat(store.list(false).getFirst().facts()).isEqualTo(facts);
    }
  }

  @Test
  void damagedFactsAreLostAndTheDocumentIsPinnedUntilItIsUpdated() throws IOException {
    String id;
    try (DocumentStore store = open()) {
      id = Documents.sealed(store, "acme", 3, SealFacts.NONE).id();
      store.update(id, new FactsChange(null, null, null, Map.of("name", "one"), List.of()));
    }
    Path file = folderOf(id).resolve(FactsFile.FILE);
    byte[] bytes = Files.readAllBytes(file);
    for (int at = 0; at < bytes.length; at += 7) {
      byte[] flipped = bytes.clone();
      flipped[at] ^= 4;
      Files.write(file, flipped);
      try (DocumentStore store = open()) {
        assertThat(store.summary(id).facts().labels()).as("byte %d", at).isEmpty();
        assertThat(store.summary(id).facts().pinned()).as("byte %d", at).isTrue();
        assertThat(store.verify(id, (read, total) -> {})).as("byte %d", at).isEmpty();
      }
    }
  }

  @Test
  void updateThatMakesNoSenseIsRefusedAndChangesNothing() {
    try (DocumentStore store = open()) {
      DocumentSummary before = Documents.sealed(store, "", 1, SealFacts.NONE);
      String id = before.id();
      List<FactsChange> wrong =
          List.of(
              new FactsChange(now.get() - 1, null, null, Map.of(), List.of()),
              new FactsChange(null, 5L, null, Map.of(), List.of()),
              new FactsChange(-1L, null, null, Map.of(), List.of()),
              new FactsChange(null, null, null, Map.of("", "x"), List.of()),
              new FactsChange(null, null, null, Map.of("k", "x".repeat(1 << 16)), List.of()));
      for (FactsChange change : wrong) {
        assertThatThrownBy(() -> store.update(id, change))
            .as("%s", change)
            .isInstanceOf(InvalidInputException.class);
      }
      assertThat(store.summary(id)).isEqualTo(before);
      String building = Documents.building(store, "", 1);
      assertThatThrownBy(() -> store.update(building, NOTHING))
          .isInstanceOf(WrongStateException.class)
          .hasMessageContaining("not sealed");
      assertThatThrownBy(() -> store.update("nobody", NOTHING))
          .isInstanceOf(DocumentNotFoundException.class);
    }
  }

  @Test
  void faultAtAnyOperationOfAnUpdateLeavesTheOldFactsOrTheNew() throws IOException {
    FailingFiles files = new FailingFiles();
    String id;
    try (DocumentStore store = open(LifeSettings.UNLIMITED, files)) {
      id = Documents.sealed(store, "", 1, SealFacts.NONE).id();
    }
    boolean failed = true;
    int at = 0;
    for (; failed; at++) {
      String name = "n" + at;
      String before;
      try (DocumentStore store = open(LifeSettings.UNLIMITED, files)) {
        before = store.summary(id).facts().labels().getOrDefault("name", "");
        files.fail(at, 1, "Input/output error");
        failed = false;
        try {
          store.update(id, new FactsChange(null, null, null, Map.of("name", name), List.of()));
        } catch (StorageFailureException e) {
          failed = true;
          assertThat(store.summary(id).facts().labels().getOrDefault("name", "")).isEqualTo(before);
        }
        files.heal();
      }
      try (DocumentStore store = open()) {
        assertThat(store.summary(id).facts().labels().getOrDefault("name", "")).isIn(before, name);
        assertThat(folderOf(id).resolve(FactsFile.UNFINISHED)).doesNotExist();
      }
    }
    assertThat(at).isGreaterThan(4);
  }

  @Test
  void damagedOrMissingFactsHarmNothingAndPinWhatMayHaveBeenPinned() throws IOException {
    String damaged;
    String missing;
    try (DocumentStore store = open()) {
      damaged = Documents.sealed(store, "", 2, new SealFacts(0, 1000, 0)).id();
      missing = Documents.sealed(store, "", 2, new SealFacts(0, 1000, 0)).id();
    }
    Path file = folderOf(damaged).resolve(FactsFile.FILE);
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
    Files.delete(folderOf(missing).resolve(FactsFile.FILE));
    now.addAndGet(5_000);
    try (DocumentStore store = open()) {
      store.sweep();
      assertThat(store.summary(damaged).facts().pinned()).isTrue();
      assertThat(store.summary(missing).facts().pinned()).isFalse();
      store.open(damaged).close();
      store.open(missing).close();
      store.update(damaged, new FactsChange(null, null, false, Map.of(), List.of()));
    }
    try (DocumentStore store = open()) {
      assertThat(store.summary(damaged).facts().pinned()).isFalse();
    }
  }

  // -- expiry
  // ------------------------------------------------------------------------------------------------------

  @Test
  void expiredDocumentIsGoneAtOnceAndItsFilesWithTheNextSweep() {
    try (DocumentStore store = open()) {
      String id = Documents.sealed(store, "acme", 2, new SealFacts(0, 1_000, 0)).id();
      String other = Documents.sealed(store, "acme", 2, SealFacts.NONE).id();
      now.addAndGet(999);
      store.open(id).close();
      store.used(id);
      now.addAndGet(1);
      assertThatThrownBy(() -> store.open(id))
          .isInstanceOf(DocumentNotFoundException.class)
          .hasMessageContaining("expired");
      assertThatThrownBy(() -> store.summary(id)).isInstanceOf(DocumentNotFoundException.class);
      assertThatThrownBy(() -> store.update(id, NOTHING))
          .isInstanceOf(DocumentNotFoundException.class);
      assertThat(store.list(true)).extracting(DocumentSummary::id).containsExactly(other);
      store.used(id);
      assertThat(folderOf(id)).exists();
      assertThat(store.sweep().expiredDocuments()).isEqualTo(1);
      assertThat(folderOf(id)).doesNotExist();
      assertThat(store.deleted(0))
          .singleElement()
          .satisfies(
              deleted -> {
                assertThat(deleted.id()).isEqualTo(id);
                assertThat(deleted.reason()).isEqualTo(DeletionReason.EXPIRED);
              });
    }
  }

  @Test
  void useExtendsTheLifeOfADocumentAlsoAcrossARestart() {
    String id;
    try (DocumentStore store = open()) {
      id = Documents.sealed(store, "", 2, new SealFacts(0, 1_000, 600)).id();
      store.used(id);
      assertThat(store.summary(id).facts().expiresAtMillis()).isEqualTo(now.get() + 1_000);
      now.addAndGet(900);
      store.used(id);
      assertThat(store.summary(id).facts().expiresAtMillis()).isEqualTo(now.get() + 600);
      assertThat(store.summary(id).facts().lastUsedAtMillis()).isEqualTo(now.get());
      now.addAndGet(599);
    }
    try (DocumentStore store = open()) {
      assertThat(store.list(false)).hasSize(1);
      now.addAndGet(1);
      assertThat(store.list(false)).isEmpty();
    }
  }

  // -- deletions
  // ---------------------------------------------------------------------------------------------------

  @Test
  void deletionIsProvable() throws IOException {
    String id;
    long bytes;
    try (DocumentStore store = open()) {
      id = Documents.sealed(store, "acme", 5, SealFacts.NONE).id();
      String delta = store.create(Documents.LAYOUT, Map.of(), true).id();
      String build = Documents.building(store, "", 2);
      long before = store.figures().sizeBytes();
      bytes = store.delete(id);
      assertThat(bytes).isPositive();
      assertThat(store.figures().sizeBytes()).isEqualTo(before - bytes);
      store.delete(delta);
      now.addAndGet(1);
      store.delete(build);
      assertThat(store.figures().sizeBytes()).isZero();
      assertThat(store.deleted(0))
          .extracting(DeletedDocument::id)
          .as("newest first, without what belonged to a sequence")
          .containsExactly(build, id);
      assertThat(store.deleted(1)).extracting(DeletedDocument::id).containsExactly(build);
    }
    try (DocumentStore store = open()) {
      assertThat(store.deleted(0).getLast())
          .isEqualTo(new DeletedDocument(id, "acme", now.get() - 1, bytes, DeletionReason.DELETED));
    }
    assertThat(Documents.files(folder)).containsExactly(folder.resolve("documents/.deleted.jsonl"));
  }

  @Test
  void deletionThatACrashCutOffIsCompletedAndRecorded() throws IOException {
    String id;
    long size;
    try (DocumentStore store = open()) {
      id = Documents.sealed(store, "acme", 5, SealFacts.NONE).id();
      size = store.figures().sizeBytes();
    }
    Files.move(folderOf(id), folder.resolve("documents/.deleting").resolve(id));
    try (DocumentStore store = open()) {
      assertThat(store.list(true)).isEmpty();
      assertThat(store.deleted(0))
          .containsExactly(
              new DeletedDocument(id, "acme", now.get(), size, DeletionReason.DELETED));
      assertThat(store.figures().sizeBytes()).isZero();
    }
    try (DocumentStore store = open()) {
      assertThat(store.deleted(0)).hasSize(1);
    }
  }

  @Test
  void recordsSurviveALineThatWasCutOff() throws IOException {
    DeletionLog log = new DeletionLog(FileLayer.system(), folder);
    DeletedDocument one = new DeletedDocument("a", "t", 1, 10, DeletionReason.EVICTED);
    DeletedDocument two = new DeletedDocument("b", "", 2, 20, DeletionReason.REPLACED);
    log.add(one);
    Files.writeString(
        folder.resolve(DeletionLog.FILE), "{\"id\":\"x\",\"ten", StandardOpenOption.APPEND);
    log.add(two);
    assertThat(log.newest(0)).containsExactly(two, one);
  }

  @Test
  void recordsAreKeptBoundedAndTheOldestGo() throws IOException {
    DeletionLog log = new DeletionLog(FileLayer.system(), folder);
    String line =
        "{\"id\":\"old\",\"tenant\":\"%s\",\"deleted_at_millis\":1,\"freed_bytes\":1,\"reason\":\"deleted\"}\n"
            .formatted("t".repeat(1000));
    Files.writeString(
        folder.resolve(DeletionLog.FILE), line.repeat(DeletionLog.MOST_BYTES / line.length()));
    DeletedDocument newest =
        new DeletedDocument("b", "t".repeat(1000), 2, 20, DeletionReason.DELETED);
    log.add(newest);
    assertThat(Files.size(folder.resolve(DeletionLog.FILE)))
        .isLessThan(DeletionLog.MOST_BYTES * 6L / 10);
    assertThat(log.newest(1)).containsExactly(newest);
    assertThat(log.newest(0)).hasSizeGreaterThan(500);
  }

  @Test
  void recordThatCanNotBeWrittenIsWrittenLater() {
    FailingFiles files = new FailingFiles();
    DeletionLog log = new DeletionLog(files, folder);
    DeletedDocument one = new DeletedDocument("a", "t", 1, 10, DeletionReason.DELETED);
    files.fail(0, 1, "No space left on device");
    log.add(one);
    assertThat(log.newest(0)).containsExactly(one);
    assertThat(folder.resolve(DeletionLog.FILE)).doesNotExist();
    log.flush();
    assertThat(new DeletionLog(FileLayer.system(), folder).newest(0)).containsExactly(one);
  }

  /** Of two that make room at once, the slower may ask for what is just going. */
  @Test
  void deletionOfWhatIsGoingIsRefusedAndNotRecorded() throws Exception {
    CountDownLatch secondIsIn = new CountDownLatch(1);
    CountDownLatch firstIsDone = new CountDownLatch(1);
    AtomicReference<LifeCycle> life = new AtomicReference<>();
    List<Throwable> refused = new CopyOnWriteArrayList<>();
    Thread second =
        new Thread(
            () -> {
              refused.add(catchThrowable(() -> life.get().remove("a", DeletionReason.EVICTED)));
              secondIsIn.countDown();
            });
    LifeCycle.Documents documents =
        new LifeCycle.Documents() {
          @Override
          public boolean remove(String id) {
            try {
              if (Thread.currentThread() == second) {
                secondIsIn.countDown();
                firstIsDone.await();
                throw new DocumentNotFoundException("gone");
              }
              life.get().buried(id);
              second.start();
              secondIsIn.await();
              return true;
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
          }

          @Override
          public List<String> evictable() {
            return List.of();
          }

          @Override
          public List<DocumentSummary> builds() {
            return List.of();
          }

          @Override
          public boolean isSealed(String id) {
            return false;
          }

          @Override
          public boolean isHeld(String id) {
            return false;
          }

          @Override
          public List<Path> orphans() {
            return List.of();
          }
        };
    life.set(
        new LifeCycle(
            LifeSettings.UNLIMITED,
            FileLayer.system(),
            folder,
            documents,
            () -> Publication.NONE,
            () -> Long.MAX_VALUE,
            now::get));
    life.get().begin("a", "acme", false);
    long unused = life.get().remove("a", DeletionReason.EVICTED);
    firstIsDone.countDown();
    second.join();
    assertThat(refused)
        .singleElement()
        .satisfies(refusal -> assertThat(refusal).isInstanceOf(DocumentNotFoundException.class));
    assertThat(life.get().log().newest(0))
        .singleElement()
        .satisfies(gone -> assertThat(gone.tenant()).isEqualTo("acme"));
    assertThat(life.get().gone(DeletionReason.EVICTED)).isEqualTo(1);
  }

  // -- garbage
  // -----------------------------------------------------------------------------------------------------

  @Test
  void garbageIsCollectedAndNothingElse() throws IOException {
    List<String> kept = new ArrayList<>();
    try (DocumentStore store = open()) {
      kept.add(Documents.sealed(store, "", 3, SealFacts.NONE).id());
      kept.add(Documents.sealed(store, "", 3, SealFacts.NONE).id());
      String old = Documents.building(store, "", 2);
      now.addAndGet(10_000);
      String fresh = Documents.building(store, "", 2);
      String delta = store.create(Documents.LAYOUT, Map.of(), true).id();
      Path documents = folder.resolve("documents");
      List<Path> orphans =
          List.of(
              documents.resolve(".deleting/left/vectors/a"),
              documents.resolve(".building/unknown/blocks-0000-0001"),
              documents.resolve(".building").resolve(kept.get(0) + ".scratch").resolve("s"),
              documents.resolve(kept.get(0)).resolve("manifest.json.new"),
              documents.resolve(kept.get(1)).resolve("vectors/_9.tmp"));
      for (Path orphan : orphans) {
        Files.createDirectories(orphan.getParent());
        Files.writeString(orphan, "garbage");
        Files.setLastModifiedTime(orphan, FileTime.fromMillis(now.get() - 100_000));
      }
      List<Path> before = Documents.files(documents);

      Garbage garbage = store.collectGarbage(5_000);

      assertThat(garbage.abandonedBuilds()).isEqualTo(1);
      assertThat(garbage.orphanFiles()).isEqualTo(orphans.size());
      assertThat(garbage.freedBytes()).isGreaterThan(7L * orphans.size());
      assertThatThrownBy(() -> store.summary(old)).isInstanceOf(DocumentNotFoundException.class);
      List<Path> expected = new ArrayList<>(before);
      expected.removeAll(orphans);
      expected.removeIf(path -> path.toString().contains(old));
      expected.add(documents.resolve(DeletionLog.FILE));
      assertThat(Documents.files(documents)).containsExactlyInAnyOrderElementsOf(expected);
      assertThat(store.collectGarbage(0)).isEqualTo(new Garbage(0, 0, 0, 0));

      for (String id : kept) {
        store.open(id).close();
      }
      store.open(delta).close();
      Documents.seal(store, fresh, SealFacts.NONE);
      assertThat(store.list(false)).hasSize(3);
    }
  }

  @Test
  void buildsAndDeltasThatNobodyTouchesForADayGoWithASweep() {
    try (DocumentStore store = open()) {
      String build = Documents.building(store, "", 2);
      String used = Documents.building(store, "", 2);
      String delta = store.create(Documents.LAYOUT, Map.of(), true).id();
      now.addAndGet(86_400_000 - 1);
      store.used(used);
      assertThat(store.sweep()).isEqualTo(new Garbage(0, 0, 0, 0));
      now.addAndGet(1);
      assertThat(store.sweep().abandonedBuilds()).isEqualTo(1);
      for (String id : List.of(build, delta)) {
        assertThatThrownBy(() -> store.open(id)).isInstanceOf(DocumentNotFoundException.class);
      }
      store.open(used).close();
    }
  }
}
