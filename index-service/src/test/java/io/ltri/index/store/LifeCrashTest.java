package io.ltri.index.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.FileSystemUtils;

/**
 * The disk is gone from any operation on, in a run that seals, evicts, updates, deletes and sweeps;
 * then the store is opened again.
 */
class LifeCrashTest {

  private static final int SPANS = 20;

  @TempDir Path folder;

  private final AtomicLong now = new AtomicLong(System.currentTimeMillis());

  private DocumentStore open(Path at, FileLayer files, long limit) {
    LifeSettings life = new LifeSettings(limit, 0, Map.of(), 0, true, 1_000, 86_400_000);
    return new DocumentStore(
        new StoreSettings(at, 2, 1_000_000, 1, 64, life), files, () -> Long.MAX_VALUE, now::get);
  }

  /** What the run has come to, as its caller was told. */
  private static final class Told {
    final Set<String> sealed = new HashSet<>();
    final Set<String> deleted = new HashSet<>();
    final Set<String> pinned = new HashSet<>();
  }

  private void run(DocumentStore store, Told told) {
    for (int i = 0; i < 4; i++) {
      String id = Documents.building(store, "t" + i % 2, SPANS);
      Documents.seal(store, id, new SealFacts(0, i == 2 ? 5_000 : 0, 0));
      told.sealed.add(id);
      now.addAndGet(2_000);
      if (i == 0) {
        store.update(id, new FactsChange(null, null, true, Map.of("n", "pinned"), List.of()));
        told.pinned.add(id);
      }
      if (i == 1) {
        store.delete(id);
        told.deleted.add(id);
      }
    }
    now.addAndGet(10_000);
    store.sweep();
    for (int i = 0; i < 2; i++) {
      told.sealed.add(Documents.sealed(store, "", SPANS, SealFacts.NONE).id());
      now.addAndGet(2_000);
    }
  }

  private long sizeOfOne() {
    try (DocumentStore store = open(folder.resolve("one"), FileLayer.system(), 0)) {
      Documents.sealed(store, "", SPANS, SealFacts.NONE);
      return store.figures().sizeBytes();
    }
  }

  @Test
  void crashAtSomeOperationsLeavesWholeDocumentsAndRecordsOfTheOthers() throws IOException {
    assertThat(crashAtEvery(83)).isGreaterThan(4);
  }

  /** Every fifth; {@code -Dltri.crash.step=1} for each. */
  @Tag("slow") // some hundred runs
  @Test
  void crashAtManyOperationsLeavesWholeDocumentsAndRecordsOfTheOthers() throws IOException {
    assertThat(crashAtEvery(Integer.getInteger("ltri.crash.step", 5))).isGreaterThan(200);
  }

  private int crashAtEvery(int step) throws IOException {
    long limit = 3 * sizeOfOne() + sizeOfOne() / 2;
    int crashes = 0;
    boolean crashed = true;
    for (int at = 0; crashed; at += step) {
      Path here = folder.resolve("at" + at);
      FailingFiles files = new FailingFiles();
      Told told = new Told();
      crashed = false;
      DocumentStore dying = open(here, files, limit);
      int begin = files.operations().size();
      files.fail(at, Integer.MAX_VALUE, "Input/output error");
      try {
        run(dying, told);
      } catch (StoreException e) {
        crashed = true;
      }
      crashed |= files.operations().size() > begin + at;
      // Lets go of the memory; the disk is gone for it.
      dying.close();
      files.heal();
      check(here, told, limit, "operation " + at);
      FileSystemUtils.deleteRecursively(here);
      crashes += crashed ? 1 : 0;
    }
    System.out.printf("%d crashes of a life%n", crashes);
    return crashes;
  }

  private void check(Path at, Told told, long limit, String where) throws IOException {
    try (DocumentStore store = open(at, FileLayer.system(), limit)) {
      store.collectGarbage(1);
      Set<String> listed = new HashSet<>();
      for (DocumentSummary document : store.list(true)) {
        assertThat(document.state()).as(where).isEqualTo(DocumentState.READY);
        listed.add(document.id());
        try (OpenDocument opened = store.open(document.id());
            DocumentTail tail = store.openTail(document.id())) {
          LayerView layer = opened.layer(0);
          assertThat(layer.spanCount()).as(where).isEqualTo(SPANS);
          for (int span = 0; span < SPANS; span++) {
            layer.keys(span);
            layer.values(span);
          }
          tail.sections().forEach(tail::read);
        }
      }
      Set<String> recorded = new HashSet<>();
      store.deleted(0).forEach(gone -> recorded.add(gone.id()));
      for (String id : told.deleted) {
        assertThat(listed).as(where).doesNotContain(id);
      }
      for (String id : told.sealed) {
        assertThat(listed.contains(id) || recorded.contains(id)).as(where + ", " + id).isTrue();
      }
      for (String id : told.pinned) {
        assertThat(store.summary(id).facts().labels()).as(where).containsEntry("n", "pinned");
      }
      assertThat(store.figures().sizeBytes()).as(where).isLessThanOrEqualTo(limit);
      long disk = Documents.diskBytes(at.resolve("documents"));
      assertThat(store.figures().sizeBytes())
          .as(where)
          .isBetween(disk - 10 * Accounts.BLOCK_BYTES, disk);
      for (String id : listed) {
        store.delete(id);
      }
      assertThat(Documents.files(at))
          .as(where)
          .isSubsetOf(List.of(at.resolve("documents").resolve(DeletionLog.FILE)));
    }
  }
}
