package io.ltri.index.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.ltri.index.cipher.TenantKeys;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A document that goes while it is used is finished with or not there; it is never damaged. */
class DeletedWhileReadTest {

  private static final int ROUNDS = 60;

  @TempDir Path folder;

  private final SealedSample sample = new SealedSample(7);

  @Test
  void whoHasItOpenCanStillReadWhatWasNeverReadBefore() throws IOException {
    try (DocumentStore store =
        new DocumentStore(SealedSample.settings(folder), FileLayer.system())) {
      String id = sample.seal(store, SearchMode.GRAPH);
      try (OpenDocument reader = store.open(id)) {
        store.delete(id);
        DocumentTail tail = SealedDocument.tail(reader);
        assertThat(tail.sections()).containsExactly("first", "last");
        assertThat(tail.read("last").byteSize()).isEqualTo(1_000);
        for (int layer = 0; layer < SealedSample.LAYOUT.layers(); layer++) {
          LayerView view = reader.layer(layer);
          for (int span = 0; span < view.spanCount(); span++) {
            assertThat(view.keys(span).byteSize()).isPositive();
            assertThat(view.values(span).byteSize()).isPositive();
          }
        }
        assertThat(SealedDocument.files(reader).manifest().id()).isEqualTo(id);
      }
    }
  }

  @Test
  void whoseFolderHasLeftIsNotOpenedAnyMore() throws IOException {
    try (DocumentStore store =
        new DocumentStore(SealedSample.settings(folder), FileLayer.system())) {
      String id = sample.seal(store, SearchMode.SCAN);
      Path sealed = folder.resolve("documents").resolve(id);
      SealedDocument document =
          new SealedDocument(
              Manifest.read(id, sealed), sealed, FileLayer.system(), TenantKeys.NONE);
      document.leave(() -> FileLayer.system().move(sealed, folder.resolve("elsewhere")));
      assertThat(document.open()).isNull();
      assertThat(document.summary().faults()).isEmpty();
    }
  }

  @Test
  void whoComesAtTheSameMomentReadsItWholeOrDoesNotFindIt() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(4);
        DocumentStore store =
            new DocumentStore(SealedSample.settings(folder), FileLayer.system())) {
      int found = 0;
      for (int round = 0; round < ROUNDS; round++) {
        String id = sample.seal(store, SearchMode.SCAN);
        CyclicBarrier start = new CyclicBarrier(4);
        List<Future<Boolean>> uses = new ArrayList<>();
        uses.add(threads.submit(() -> together(start, () -> store.delete(id) > 0)));
        uses.add(threads.submit(() -> together(start, () -> readTail(store, id))));
        uses.add(threads.submit(() -> together(start, () -> export(store, id))));
        uses.add(
            threads.submit(
                () -> together(start, () -> store.verify(id, (read, total) -> {}).isEmpty())));
        for (Future<Boolean> use : uses) {
          try {
            assertThat(use.get()).isTrue();
            found++;
          } catch (ExecutionException e) {
            assertThat(e.getCause()).isInstanceOf(DocumentNotFoundException.class);
          }
        }
      }
      assertThat(found).as("%d deletions at least", ROUNDS).isGreaterThanOrEqualTo(ROUNDS);
    }
  }

  private static boolean together(CyclicBarrier start, Callable<Boolean> use) throws Exception {
    start.await();
    return use.call();
  }

  private static boolean readTail(DocumentStore store, String id) {
    try (DocumentTail tail = store.openTail(id)) {
      return tail.read("first").byteSize() == 8_000;
    }
  }

  private static boolean export(DocumentStore store, String id) throws IOException {
    long bytes = 0;
    try (DocumentExport export = store.export(id)) {
      for (ByteBuffer next = export.next(); next != null; next = export.next()) {
        bytes += next.remaining();
      }
    }
    return bytes > 0;
  }
}
