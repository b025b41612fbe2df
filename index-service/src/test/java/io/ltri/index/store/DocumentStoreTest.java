package io.ltri.index.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.ltri.index.store.RandomSpans.Plain;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;
import org.springframework.util.FileSystemUtils;

class DocumentStoreTest {

  private static final DocumentLayout LAYOUT =
      new DocumentLayout(3, 4, 2, 16, StorageType.BF16, 0.25f);

  private static final byte[] TAIL = new byte[70_000];

  static {
    new Random(5).nextBytes(TAIL);
  }

  @TempDir Path folder;

  private DocumentStore open() {
    return open(FileLayer.system());
  }

  private DocumentStore open(FileLayer files) {
    return new DocumentStore(new StoreSettings(folder, 2, 500, 1), files);
  }

  // -- the life of a document
  // --------------------------------------------------------------------------------------

  @Test
  void sealedDocumentIsTheSameAfterARestartAndAfterItsFolderWasMoved() throws IOException {
    Map<Integer, List<Plain>> written = written(1, 150, 0, 400);
    String id;
    DocumentSummary summary;
    try (DocumentStore store = open()) {
      id = fill(store, written);
      assertThat(store.summary(id).state()).isEqualTo(DocumentState.BUILDING);
      assertHolds(store, id, written);
      summary = seal(store, id, null);
      assertThat(summary.state()).isEqualTo(DocumentState.READY);
      assertHolds(store, id, written);
    }
    Path moved = folder.resolveSibling(folder.getFileName() + "-moved");
    Files.move(folder, moved);
    try (DocumentStore store =
        new DocumentStore(new StoreSettings(moved, 7, 1, 1), FileLayer.system())) {
      assertThat(store.list(false)).containsExactly(summary);
      assertThat(summary.spans()).isEqualTo(550);
      assertThat(summary.searchMode()).isEqualTo(SearchMode.GRAPH);
      assertThat(summary.attributes()).isEqualTo(Map.of("title", "t", "digest", "d"));
      assertHolds(store, id, written);
      assertTail(store, id);
      assertThat(treeSize(moved.resolve("documents").resolve(id)))
          .isBetween(summary.sizeBytes(), summary.sizeBytes() + (8 << 10));
    } finally {
      FileSystemUtils.deleteRecursively(moved);
    }
  }

  @Test
  void emptyDocumentCanBeSealed() {
    try (DocumentStore store = open()) {
      String id = store.create(LAYOUT, Map.of(), false).id();
      seal(store, id, null);
    }
    try (DocumentStore store = open()) {
      DocumentSummary summary = store.list(false).getFirst();
      assertThat(summary.spans()).isZero();
      try (OpenDocument document = store.open(summary.id())) {
        assertThat(document.layer(2).spanCount()).isZero();
        assertThat(document.layer(2).runs(1)).isEmpty();
      }
      assertTail(store, summary.id());
    }
  }

  @Test
  void restartDeletesWhatWasHalfBuilt() throws IOException {
    String sealed;
    String half;
    try (DocumentStore store = open()) {
      sealed = fill(store, written(1, 5, 5, 5));
      seal(store, sealed, null);
      half = fill(store, written(2, 5, 5, 5));
      store.create(LAYOUT, Map.of(), true);
      assertThat(store.list(true)).hasSize(2);
    }
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    Logger logger = (Logger) LoggerFactory.getLogger(Recovery.class);
    logger.setLevel(Level.WARN);
    logger.addAppender(log);
    try (DocumentStore store = open()) {
      assertThat(store.list(true)).extracting(DocumentSummary::id).containsExactly(sealed);
    } finally {
      logger.detachAppender(log);
      logger.setLevel(null);
    }
    assertThat(log.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .anySatisfy(line -> assertThat(line).startsWith("2 unfinished").contains(half));
    assertThat(list(folder.resolve("documents/.building"))).isEmpty();
    assertThat(list(folder.resolve("documents/.deleting"))).isEmpty();
    assertThat(list(folder.resolve("documents")))
        .contains(folder.resolve("documents").resolve(sealed));
  }

  @Test
  void readerOfADeletedDocumentCanFinish() {
    Map<Integer, List<Plain>> written = written(1, 40, 0, 0);
    try (DocumentStore store = open()) {
      for (boolean sealed : new boolean[] {false, true}) {
        String id = fill(store, written);
        if (sealed) {
          seal(store, id, null);
        }
        try (OpenDocument reader = store.open(id)) {
          assertThat(store.delete(id)).isPositive();
          assertThatThrownBy(() -> store.open(id)).isInstanceOf(DocumentNotFoundException.class);
          assertThatThrownBy(() -> store.delete(id)).isInstanceOf(DocumentNotFoundException.class);
          assertThat(folder.resolve("documents").resolve(id)).doesNotExist();
          assertLayer(reader.layer(0), written.get(0));
        }
      }
      assertThat(store.list(true)).isEmpty();
    }
  }

  @Test
  void readerOfABuildingDocumentOutlivesItsSealAndSeesWhatWasThereBefore() {
    Map<Integer, List<Plain>> written = written(1, 40, 0, 0);
    try (DocumentStore store = open()) {
      String id = fill(store, written);
      try (OpenDocument reader = store.open(id)) {
        LayerView before = reader.layer(0);
        Plain more = new RandomSpans(3, LAYOUT).span(90_000, 90_010, 1);
        store.append(id, 0, List.of(more.span()));
        assertThat(before.spanCount()).isEqualTo(40);
        assertThat(reader.layer(0).spanCount()).isEqualTo(41);
        seal(store, id, null);
        assertLayer(before, written.get(0));
        assertThat(reader.layer(0).spanCount()).isEqualTo(41);
      }
    }
  }

  @Test
  void twoStoresDoNotShareAFolder() {
    try (FolderLock held = FolderLock.take(folder)) {
      assertThat(held).isNotNull();
      assertThatThrownBy(() -> FolderLock.take(folder))
          .isInstanceOf(WrongStateException.class)
          .hasMessageContaining(folder.toString())
          .hasMessageContaining("process " + ProcessHandle.current().pid());
    }
    FolderLock.take(folder).close();
  }

  // -- damage
  // ------------------------------------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource({
    "blocks-0000-0001, 0.5",
    "blocks-0000-0001, 0.001",
    "spans-0000-0001, 0.7",
    "spans-0000-0001, 0.0",
    "tail, 0.4",
    "tail, 0.9999",
    "manifest.json, 0.5",
    "vectors, 0.5",
    "vectors, 0.01",
  })
  void changedByteIsFoundAndNamedAndHarmsNoOtherDocument(String file, double where)
      throws IOException {
    Map<Integer, List<Plain>> written = written(1, 30, 0, 0);
    String damaged;
    String whole;
    try (DocumentStore store = open()) {
      damaged = fill(store, written);
      seal(store, damaged, SearchMode.SCAN);
      whole = fill(store, written);
      seal(store, whole, SearchMode.SCAN);
    }
    Path path = folder.resolve("documents").resolve(damaged).resolve(file);
    List<Path> files = Files.isDirectory(path) ? list(path) : List.of(path);
    for (Path one : files) {
      byte[] before = Files.readAllBytes(one);
      byte[] after = before.clone();
      after[(int) (where * before.length)] ^= 4;
      Files.write(one, after);
      try (DocumentStore store = open()) {
        assertThatThrownBy(() -> readAll(store, damaged))
            .as("%s", one)
            .isInstanceOf(DataLossException.class)
            .hasMessageContaining(damaged)
            .hasMessageContaining(file);
        assertHolds(store, whole, written);
        assertTail(store, whole);
      }
      Files.write(one, before);
    }
    try (DocumentStore store = open()) {
      assertHolds(store, damaged, written);
    }
  }

  @ParameterizedTest
  @CsvSource({"blocks-0000-0001", "spans-0002-0002", "tail", "vectors", "manifest.json"})
  void shortenedAndMissingFilesAreFoundAndTheDocumentCanBeDeleted(String file) throws IOException {
    String id;
    try (DocumentStore store = open()) {
      id = fill(store, written(1, 30, 0, 10));
      seal(store, id, SearchMode.SCAN);
    }
    Path path = folder.resolve("documents").resolve(id).resolve(file);
    for (Path one : Files.isDirectory(path) ? list(path) : List.of(path)) {
      byte[] before = Files.readAllBytes(one);
      Files.write(one, Arrays.copyOf(before, before.length - 1));
      assertDamaged(id, file);
      Files.delete(one);
      assertDamaged(id, file);
      Files.write(one, before);
    }
    Files.delete(Files.isDirectory(path) ? list(path).getFirst() : path);
    try (DocumentStore store = open()) {
      assertThat(store.delete(id)).isPositive();
    }
    assertThat(folder.resolve("documents").resolve(id)).doesNotExist();
  }

  private void assertDamaged(String id, String file) {
    try (DocumentStore store = open()) {
      assertThatThrownBy(() -> readAll(store, id))
          .isInstanceOf(DataLossException.class)
          .hasMessageContaining(id)
          .hasMessageContaining(file);
    }
  }

  @Test
  void onlyTheDamagedPartOfABlockIsLost() throws IOException {
    Map<Integer, List<Plain>> written = written(1, 30, 0, 0);
    String id;
    try (DocumentStore store = open()) {
      id = fill(store, written);
      seal(store, id, null);
    }
    Path blocks = folder.resolve("documents").resolve(id).resolve("blocks-0000-0001");
    byte[] bytes = Files.readAllBytes(blocks);
    Plain first = Objects.requireNonNull(written.get(0)).getFirst();
    int keys = (int) LAYOUT.partBytes(first.end() - first.start());
    bytes[BlockHeader.BYTES + (int) Bytes.align(keys) + 1] ^= 1; // in the values of the first block
    Files.write(blocks, bytes);
    try (DocumentStore store = open();
        OpenDocument document = store.open(id)) {
      LayerView layer = document.layer(0);
      layer.keys(0);
      assertThatThrownBy(() -> layer.values(0))
          .isInstanceOf(DataLossException.class)
          .hasMessageContaining("layer 0, span 0")
          .hasMessageContaining("values");
      layer.values(1);
    }
  }

  // -- a disk that fails
  // -------------------------------------------------------------------------------------------

  /** What happened to a run of create, append, append, seal. */
  private static final class Run {
    String id = "";
    int appended;
    boolean sealed;
  }

  @Tag("slow") // a few hundred runs
  @ParameterizedTest
  @CsvSource({
    "1, No space left on device",
    "1000000, No space left on device",
    "1, Input/output error"
  })
  void faultAtAnyOperationLosesNothingAndListsNothingHalfWritten(int failures, String reason)
      throws IOException {
    List<Plain> first = new RandomSpans(1, LAYOUT).spans(70, 0, 3, 2);
    List<Plain> second = new RandomSpans(2, LAYOUT).spans(20, 5_000, 9, 4);
    int at = 0;
    boolean faulty = true;
    while (faulty) {
      Path here = folder.resolve("run" + at);
      FailingFiles files = new FailingFiles();
      Run run = new Run();
      StoreSettings settings = new StoreSettings(here, 2, 1_000_000, 1);
      try (DocumentStore store = new DocumentStore(settings, files)) {
        int begin = files.operations().size();
        files.fail(at, failures, reason);
        faulty = false;
        try {
          run(store, run, first, second);
        } catch (StoreException e) {
          faulty = true;
          assertThat(e)
              .as("operation %d: %s", at, files.operations().getLast())
              .isInstanceOf(
                  reason.startsWith("No space")
                      ? NoRoomException.class
                      : StorageFailureException.class);
        }
        faulty |= files.operations().size() > begin + at;
        files.heal();
        assertIntact(store, run, first, second);
      }
      // After a crash at this point: either the whole document or nothing.
      try (DocumentStore store = new DocumentStore(settings, FileLayer.system())) {
        assertThat(store.list(true)).hasSize(run.sealed ? 1 : 0);
        if (run.sealed) {
          assertIntact(store, run, first, second);
        }
        assertThat(list(here.resolve("documents/.building"))).isEmpty();
      }
      FileSystemUtils.deleteRecursively(here);
      at++;
    }
    assertThat(at).as("operations of a run").isGreaterThan(40);
  }

  private static void run(DocumentStore store, Run run, List<Plain> first, List<Plain> second) {
    run.id = store.create(LAYOUT, Map.of("title", "t"), false).id();
    store.append(run.id, 0, RandomSpans.news(first));
    run.appended++;
    store.append(run.id, 0, RandomSpans.news(second));
    run.appended++;
    seal(store, run.id, null);
    run.sealed = true;
  }

  /** The document is what the run has come to, and goes on from there. */
  private static void assertIntact(
      DocumentStore store, Run run, List<Plain> first, List<Plain> second) {
    if (run.id.isEmpty()) {
      assertThat(store.list(true)).isEmpty();
      return;
    }
    List<Plain> all = new ArrayList<>();
    if (run.appended > 0) {
      all.addAll(first);
    }
    if (run.appended > 1) {
      all.addAll(second);
    }
    assertHolds(store, run.id, Map.of(0, all));
    if (run.sealed || store.summary(run.id).state() == DocumentState.READY) {
      // It may be sealed although the call failed: when the last step could be neither made sure of
      // nor taken back.
      run.sealed = true;
      assertTail(store, run.id);
      return;
    }
    if (run.appended == 0) {
      store.append(run.id, 0, RandomSpans.news(first));
    }
    if (run.appended < 2) {
      store.append(run.id, 0, RandomSpans.news(second));
    }
    run.appended = 2;
    seal(store, run.id, null);
    run.sealed = true;
    assertIntact(store, run, first, second);
  }

  @Test
  void documentThatCanNotBeDeletedStays() throws IOException {
    FailingFiles files = new FailingFiles();
    Map<Integer, List<Plain>> written = written(1, 10, 0, 0);
    try (DocumentStore store = open(files)) {
      String id = fill(store, written);
      seal(store, id, null);
      files.fail(0, 1, "Input/output error");
      assertThatThrownBy(() -> store.delete(id)).isInstanceOf(StorageFailureException.class);
      assertHolds(store, id, written);
      files.fail(1, 1_000_000, "Input/output error"); // moved away, but nothing can be unlinked
      store.delete(id);
      assertThat(store.list(true)).isEmpty();
    }
    try (DocumentStore store = open()) {
      assertThat(store.list(true)).isEmpty();
    }
    assertThat(list(folder.resolve("documents/.deleting"))).isEmpty();
  }

  // -- what is refused
  // ---------------------------------------------------------------------------------------------

  @Test
  void spansThatDoNotFitAreRefusedAndNothingOfTheirMessageIsKept() {
    RandomSpans random = new RandomSpans(1, LAYOUT);
    NewSpan good = random.span(0, 10, 2).span();
    NewSpan next = random.span(10, 12, 1).span();
    try (DocumentStore store = open()) {
      String id = store.create(LAYOUT, Map.of(), false).id();
      refused(store, id, List.of(good, random.span(9, 12, 1).span()), "span 1 of the message");
      refused(store, id, List.of(good, changed(next, 10, 10)), "is empty");
      refused(store, id, List.of(good, changed(next, 10, 13)), "keys have");
      ByteBuffer nan = ByteBuffer.allocate(2 * 16 * 4).order(java.nio.ByteOrder.LITTLE_ENDIAN);
      nan.putFloat(8, Float.NaN);
      refused(
          store,
          id,
          List.of(good, new NewSpan(10, 12, 0, 0, nan, next.keys(), next.values())),
          "not finite");
      refused(
          store,
          id,
          List.of(
              good, new NewSpan(10, 12, 0, 0, ByteBuffer.allocate(4), next.keys(), next.values())),
          "vectors have 4 bytes");
      assertThat(store.summary(id).spans()).isZero();
      store.append(id, 0, List.of(good, next));
      assertThat(store.summary(id).spans()).isEqualTo(2);
      assertThat(store.summary(id).spanTokens()).isEqualTo(12);
      assertThat(store.summary(id).vectors()).isEqualTo(3);
    }
  }

  private static NewSpan changed(NewSpan span, int start, int end) {
    return new NewSpan(start, end, 0, 0, span.vectors(), span.keys(), span.values());
  }

  private static void refused(DocumentStore store, String id, List<NewSpan> spans, String message) {
    assertThatThrownBy(() -> store.append(id, 0, spans))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(message);
  }

  // -- what the tests are made of
  // ----------------------------------------------------------------------------------

  private static Map<Integer, List<Plain>> written(long seed, int... counts) {
    Map<Integer, List<Plain>> written = new TreeMap<>();
    for (int layer = 0; layer < counts.length; layer++) {
      written.put(layer, new RandomSpans(seed + layer, LAYOUT).spans(counts[layer], 0, 9, 3));
    }
    return written;
  }

  private static String fill(DocumentStore store, Map<Integer, List<Plain>> written) {
    String id = store.create(LAYOUT, Map.of("title", "t", "digest", "none"), false).id();
    for (int from = 0; from < 400; from += 23) {
      for (int layer : written.keySet()) {
        List<Plain> spans = Objects.requireNonNull(written.get(layer));
        if (from < spans.size()) {
          store.append(
              id, layer, RandomSpans.news(spans.subList(from, Math.min(spans.size(), from + 23))));
        }
      }
    }
    return id;
  }

  private static DocumentSummary seal(
      DocumentStore store, String id, @org.jspecify.annotations.Nullable SearchMode mode) {
    try (SealSession session = store.beginSeal(id)) {
      session.tail("first", ByteBuffer.wrap(TAIL, 0, 40_000));
      session.tail("first", ByteBuffer.wrap(TAIL, 40_000, 30_000));
      session.tail("nothing", ByteBuffer.allocate(0));
      session.tail("last", ByteBuffer.wrap(TAIL, 7, 77));
      return session.finish(Map.of("digest", "d"), mode);
    }
  }

  private static void assertTail(DocumentStore store, String id) {
    try (DocumentTail tail = store.openTail(id)) {
      assertThat(tail.sections()).containsExactly("first", "nothing", "last");
      assertThat(bytes(tail.read("first"))).isEqualTo(TAIL);
      assertThat(bytes(tail.read("nothing"))).isEmpty();
      assertThat(bytes(tail.read("last"))).isEqualTo(Arrays.copyOfRange(TAIL, 7, 84));
      assertThatThrownBy(() -> tail.read("other"))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageContaining("first, nothing, last");
    }
  }

  private static void assertHolds(
      DocumentStore store, String id, Map<Integer, List<Plain>> written) {
    try (OpenDocument document = store.open(id)) {
      assertThat(document.layout()).isEqualTo(LAYOUT);
      written.forEach((layer, spans) -> assertLayer(document.layer(layer), spans));
    }
  }

  private static void assertLayer(
      LayerView layer, @org.jspecify.annotations.Nullable List<Plain> spans) {
    List<Plain> expected = Objects.requireNonNull(spans);
    assertThat(layer.spanCount()).isEqualTo(expected.size());
    int vectors = 0;
    for (int s = 0; s < expected.size(); s++) {
      Plain span = expected.get(s);
      assertThat(layer.start(s)).isEqualTo(span.start());
      assertThat(layer.end(s)).isEqualTo(span.end());
      assertThat(layer.record(s).score()).isEqualTo(span.span().score());
      assertThat(layer.record(s).confidence()).isEqualTo(span.span().confidence());
      assertThat(bytes(layer.keys(s))).isEqualTo(bytes(span.span().keys()));
      assertThat(bytes(layer.values(s))).isEqualTo(bytes(span.span().values()));
      assertThat(layer.firstVector(s)).isEqualTo(vectors);
      int count = layer.vectorCount(s);
      for (int head = 0; head < LAYOUT.kvHeads(); head++) {
        for (int v = 0; v < count; v++) {
          int from = (v * LAYOUT.kvHeads() + head) * LAYOUT.headDim();
          assertThat(vector(layer, head, vectors + v))
              .containsExactly(Arrays.copyOfRange(span.vectors(), from, from + LAYOUT.headDim()));
        }
      }
      vectors += count;
    }
    assertThat(layer.vectorCount()).isEqualTo(vectors);
  }

  private static float[] vector(LayerView layer, int head, int ordinal) {
    for (LayerView.VectorRun run : layer.runs(head)) {
      if (ordinal < run.first() + run.count()) {
        long at = (long) (ordinal - run.first()) * LAYOUT.vectorBytes();
        return run.vectors().asSlice(at, LAYOUT.vectorBytes()).toArray(Bytes.FLOAT);
      }
    }
    return fail("no vector " + ordinal);
  }

  private static void readAll(DocumentStore store, String id) {
    Map<String, byte[]> seen = new HashMap<>();
    try (OpenDocument document = store.open(id)) {
      for (int l = 0; l < LAYOUT.layers(); l++) {
        LayerView layer = document.layer(l);
        for (int s = 0; s < layer.spanCount(); s++) {
          layer.keys(s);
          layer.values(s);
        }
        layer.runs(0);
      }
    }
    try (DocumentTail tail = store.openTail(id)) {
      tail.sections().forEach(section -> seen.put(section, bytes(tail.read(section))));
    }
  }

  private static byte[] bytes(MemorySegment segment) {
    return segment.toArray(ValueLayout.JAVA_BYTE);
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.limit()];
    buffer.get(0, bytes);
    return bytes;
  }

  private static List<Path> list(Path of) throws IOException {
    try (var paths = Files.list(of)) {
      return paths.sorted().toList();
    }
  }

  private static long treeSize(Path of) throws IOException {
    try (var paths = Files.walk(of)) {
      return paths.filter(Files::isRegularFile).mapToLong(path -> path.toFile().length()).sum();
    }
  }
}
