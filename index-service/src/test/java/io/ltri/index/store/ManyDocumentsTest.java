package io.ltri.index.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Documents are opened when they are read, and closed when others are wanted. */
class ManyDocumentsTest {

  /** Of the sample: two block files, two span tables, Lucene's and the tail. */
  private static final int MOST_MAPPINGS_PER_DOCUMENT = 20;

  @TempDir Path folder;

  private final SealedSample sample = new SealedSample(5);

  @Test
  void idleDocumentsAreClosedWhenOthersAreWanted() throws IOException {
    readMany(60, 4);
  }

  @Tag("slow") // thousands of files
  @Test
  void thousandDocumentsAreReadWithBoundedHeapMappingsAndHandles() throws IOException {
    readMany(1_000, 16);
  }

  private void readMany(int count, int most) throws IOException {
    assumeTrue(Files.exists(Path.of("/proc/self/maps")), "needs Linux to count mappings");
    try (DocumentStore store = open(most)) {
      String first = sample.seal(store, SearchMode.SCAN);
      sample.seal(store, SearchMode.GRAPH);
      multiply(first, count - 2);
    }
    System.gc();
    long before = heap();
    try (DocumentStore store = open(most)) {
      assertThat(store.list(false)).hasSize(count);
      assertThat(mappings()).as("nothing is opened at the start").isZero();
      long listed = heap() - before;
      for (int round = 0; round < 2; round++) {
        for (DocumentSummary document : store.list(false)) {
          sample.assertWhole(store, document.id());
          assertThat(mappings()).isLessThanOrEqualTo((most + 1) * MOST_MAPPINGS_PER_DOCUMENT);
          assertThat(handles()).isLessThanOrEqualTo((most + 1) * MOST_MAPPINGS_PER_DOCUMENT);
        }
      }
      System.gc();
      long read = heap() - before;
      System.out.printf(
          "%d documents: heap %.1f MB listed, %.1f MB with %d of them open%n",
          count, listed / 1e6, read / 1e6, most);
      assertThat(read).isLessThan(count * 40_000L + most * 500_000L + 5_000_000L);
    }
    assertThat(mappings()).isZero();
  }

  @Test
  void documentThatIsBeingReadStaysOpenHoweverManyAreWanted() throws IOException {
    try (DocumentStore store = open(2)) {
      List<String> ids = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        ids.add(sample.seal(store, SearchMode.SCAN));
      }
      List<OpenDocument> held = new ArrayList<>();
      for (String id : ids) {
        held.add(store.open(id));
      }
      ids.forEach(id -> sample.assertWhole(store, id));
      held.forEach(document -> assertThat(document.layer(2).keys(1).byteSize()).isPositive());
      held.forEach(OpenDocument::close);
      ids.forEach(id -> sample.assertWhole(store, id));
    }
  }

  @Test
  void prewarmSaysHowMuchIsThere() {
    try (DocumentStore store = open(2)) {
      String id = sample.seal(store, SearchMode.SCAN);
      long without = store.prewarm(id, false);
      long with = store.prewarm(id, true);
      long keysAndValues =
          sample.spans().values().stream()
              .flatMap(List::stream)
              .mapToLong(span -> 2 * SealedSample.LAYOUT.partBytes(span.end() - span.start()))
              .sum();
      assertThat(without).isBetween(10_000L, store.summary(id).sizeBytes());
      assertThat(with - without).isEqualTo(keysAndValues);
    }
  }

  private DocumentStore open(int most) {
    return new DocumentStore(
        new StoreSettings(folder, 2, 500, 1, most, LifeSettings.UNLIMITED), FileLayer.system());
  }

  /** More documents with the same files, as links. */
  private void multiply(String id, int count) throws IOException {
    Path documents = folder.resolve("documents");
    Path document = documents.resolve(id);
    Manifest manifest =
        Manifest.fromJson(Files.readAllBytes(document.resolve(Manifest.FILE)), id, Path.of(id));
    for (int i = 0; i < count; i++) {
      Path copy = documents.resolve("copy" + i);
      Files.createDirectories(copy.resolve(VectorFolder.FOLDER));
      for (Manifest.FileEntry file : manifest.files()) {
        Files.createLink(copy.resolve(file.name()), document.resolve(file.name()));
      }
      Files.write(copy.resolve(Manifest.FILE), manifest.as("copy" + i, manifest.origin()).toJson());
    }
  }

  private static long heap() {
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private long mappings() throws IOException {
    try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines.filter(line -> line.contains(folder.toString())).count();
    }
  }

  private long handles() throws IOException {
    try (var links = Files.list(Path.of("/proc/self/fd"))) {
      return links.filter(this::isOurs).count();
    }
  }

  private boolean isOurs(Path link) {
    try {
      return Files.readSymbolicLink(link).startsWith(folder);
    } catch (IOException e) {
      return false;
    }
  }
}
