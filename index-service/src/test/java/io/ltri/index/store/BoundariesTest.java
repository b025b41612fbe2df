package io.ltri.index.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.index.search.LookUp;
import io.ltri.index.search.LookUpAnswer;
import io.ltri.index.search.SearchLimits;
import io.ltri.index.search.SpanSearch;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Places within a document behind which others go on. */
class BoundariesTest {

  private static final VerifyProgress QUIET = (read, total) -> {};
  private static final int LAYERS = 3;

  /** Tokens of a step; a checkpoint follows each. */
  private static final long STEP = 1_000;

  @TempDir Path folder;

  private DocumentStore open(Path data, boolean encrypted) {
    return new DocumentStore(
        new StoreSettings(data, 2, 1_000_000, 1).with(TestKeys.everybodysIf(encrypted)),
        FileLayer.system());
  }

  private DocumentStore open() {
    return open(folder, false);
  }

  private static DocumentLayout layout(StorageType type) {
    return new DocumentLayout(LAYERS, 4, 2, 16, type, 0.25f);
  }

  private static final DocumentLayout LAYOUT = layout(StorageType.BF16);

  /** What a step appends to a layer: more to some than to others, and to one nothing at first. */
  private static List<NewSpan> spans(DocumentLayout layout, int step, int layer) {
    if (step == 0 && layer == 1) {
      return List.of();
    }
    return RandomSpans.news(
        new RandomSpans(10L * step + layer, layout)
            .spans(60 + 7 * layer, Math.toIntExact(step * STEP), 9, 3));
  }

  private static void append(DocumentStore store, String id, DocumentLayout layout, int step) {
    for (int layer = 0; layer < LAYERS; layer++) {
      store.append(id, layer, spans(layout, step, layer));
    }
  }

  private static byte[] tail(int step) {
    byte[] bytes = new byte[70_000];
    new Random(step).nextBytes(bytes);
    return bytes;
  }

  private static void checkpoint(DocumentStore store, String id, int step, Long... kept) {
    try (CheckpointSession session = store.beginCheckpoint(id, step * STEP, Set.of(kept))) {
      session.tail("state", ByteBuffer.wrap(tail(step)));
      session.tail("step", ByteBuffer.wrap(new byte[] {(byte) step}));
      session.finish();
    }
  }

  private static void seal(DocumentStore store, String id, SearchMode mode) {
    try (SealSession session = store.beginSeal(id)) {
      session.tail("state", ByteBuffer.wrap(tail(99)));
      session.finish(Map.of(), mode, SealFacts.NONE);
    }
  }

  private static String begin(DocumentStore store, DocumentLayout layout, Origin origin) {
    return store.create(new NewDocument(layout, Map.of(), false, "key", origin)).id();
  }

  /** Three steps, with boundaries after the first and the second. */
  private static String whole(DocumentStore store, DocumentLayout layout, SearchMode mode) {
    String id = begin(store, layout, Origin.NONE);
    append(store, id, layout, 0);
    checkpoint(store, id, 1, STEP);
    append(store, id, layout, 1);
    checkpoint(store, id, 2, STEP, 2 * STEP);
    append(store, id, layout, 2);
    seal(store, id, mode);
    assertThat(store.summary(id).boundaries()).containsExactly(STEP, 2 * STEP);
    return id;
  }

  private static void assertTail(DocumentStore store, String name, int step) {
    try (DocumentTail tail = store.openTail(name)) {
      assertThat(tail.sections()).containsExactly("state", "step");
      assertThat(tail.read("state").toArray(ValueLayout.JAVA_BYTE)).isEqualTo(tail(step));
      assertThat(tail.read("step").toArray(ValueLayout.JAVA_BYTE))
          .isEqualTo(new byte[] {(byte) step});
    }
  }

  /** All that look-ups answer, number by number. */
  private static List<Object> answers(DocumentStore store, DocumentLayout layout, String... names) {
    List<Object> all = new ArrayList<>();
    List<OpenDocument> documents = Arrays.stream(names).map(store::open).toList();
    try (SpanSearch search = new SpanSearch(1, new SearchLimits(8, 1 << 12))) {
      for (int layer = 0; layer < LAYERS; layer++) {
        for (int queries : List.of(1, 5)) {
          float[] numbers =
              new RandomSpans(7, layout).floats(layout.queryHeads() * queries * layout.headDim());
          for (boolean oneStage : List.of(false, true)) {
            LookUpAnswer answer =
                search.search(
                    documents,
                    new LookUp(layer, numbers, queries, 60, 0, LookUp.StageOne.SUM, oneStage));
            answer
                .candidates()
                .forEach(
                    found ->
                        all.add(
                            List.of(found.start(), found.end(), Arrays.toString(found.mass()))));
            all.add(Arrays.toString(answer.logSums()));
            all.add(answer.vectorsSearched());
            all.add(answer.tokensRescored());
          }
        }
      }
    } finally {
      documents.forEach(OpenDocument::close);
    }
    return all;
  }

  @ParameterizedTest
  @CsvSource({"SCAN,BF16", "GRAPH,BF16", "SCAN,FP32", "GRAPH,FP32"})
  void beginningOfADocumentAnswersAsADocumentOfThatBeginningDoes(
      SearchMode mode, StorageType type) {
    DocumentLayout layout = layout(type);
    try (DocumentStore store = open()) {
      String whole = whole(store, layout, mode);
      String first = begin(store, layout, Origin.NONE);
      append(store, first, layout, 0);
      seal(store, first, SearchMode.SCAN);
      String both = begin(store, layout, Origin.NONE);
      append(store, both, layout, 0);
      append(store, both, layout, 1);
      seal(store, both, SearchMode.SCAN);
      String own = begin(store, layout, Origin.NONE);
      append(store, own, layout, 5);

      assertThat(answers(store, layout, whole + "@1000")).isEqualTo(answers(store, layout, first));
      assertThat(answers(store, layout, whole + "@2000")).isEqualTo(answers(store, layout, both));
      assertThat(answers(store, layout, whole + "@1000", own))
          .isEqualTo(answers(store, layout, first, own));
      assertThat(answers(store, layout, whole)).isNotEqualTo(answers(store, layout, both));
      assertTail(store, whole + "@1000", 1);
      assertTail(store, whole + "@2000", 2);
      try (OpenDocument beginning = store.open(whole + "@1000")) {
        LayerView layer = beginning.layer(0);
        assertThat(layer.spanCount()).isEqualTo(60);
        assertThatThrownBy(() -> layer.keys(60)).isInstanceOf(IndexOutOfBoundsException.class);
      }
      assertThatThrownBy(() -> store.open(whole + "@999"))
          .isInstanceOf(WrongStateException.class)
          .hasMessageContaining("[1000, 2000]");
      assertThatThrownBy(() -> store.open(whole + "@x")).isInstanceOf(InvalidInputException.class);
    }
  }

  @ParameterizedTest(name = "encrypted: {0}")
  @ValueSource(booleans = {false, true})
  void whatGoesOnBehindABoundaryKeepsItThroughDeletionRestartAndExport(boolean encrypted)
      throws IOException {
    String whole;
    String child;
    List<Object> expected;
    try (DocumentStore store = open(folder, encrypted)) {
      whole = whole(store, LAYOUT, SearchMode.GRAPH);
      assertThatThrownBy(() -> begin(store, LAYOUT, new Origin("", whole, 7)))
          .isInstanceOf(WrongStateException.class);
      child = begin(store, LAYOUT, new Origin("", whole, STEP));
      append(store, child, LAYOUT, 4);
      checkpoint(store, child, 2, 2 * STEP);
    }
    byte[] file;
    try (DocumentStore store = open(folder, encrypted)) {
      assertThat(store.delete(whole)).isZero();
      child = begin(store, LAYOUT, new Origin("", whole, STEP));
      seal(store, child, SearchMode.SCAN);
      assertThat(store.ancestors(child)).containsExactly(whole + "@1000");
      expected = answers(store, LAYOUT, whole + "@1000", child);
      assertTail(store, whole + "@1000", 1);
      assertThat(store.verify(child, QUIET)).isEmpty();
      file = DocumentFileTest.export(store, child);
    }
    try (DocumentStore store = open(folder, encrypted)) {
      assertThat(answers(store, LAYOUT, whole + "@1000", child)).isEqualTo(expected);
      assertThat(store.delete(child)).isPositive();
      assertThat(store.figures().sizeBytes()).isZero();
    }
    try (DocumentStore store = open(folder.resolve("elsewhere"), encrypted)) {
      String imported = DocumentFileTest.take(store, file, 1 << 16).id();
      List<String> below = store.ancestors(imported);
      assertThat(below).hasSize(1).allSatisfy(name -> assertThat(name).endsWith("@1000"));
      assertThat(answers(store, LAYOUT, below.getFirst(), imported)).isEqualTo(expected);
      assertTail(store, below.getFirst(), 1);
      assertTail(store, imported + "@2000", 2);
      assertThat(store.collectGarbage(0).orphanFiles()).isZero();
      assertTail(store, imported + "@2000", 2);
    }
  }

  @Test
  void aBuildThatIsGoneOnWithHasTheBoundariesThatWereKept() throws IOException {
    try (DocumentStore store = open()) {
      String id = begin(store, LAYOUT, Origin.NONE);
      append(store, id, LAYOUT, 0);
      checkpoint(store, id, 1, STEP);
      append(store, id, LAYOUT, 1);
      checkpoint(store, id, 2, 2 * STEP);
      assertThat(boundaryFiles(folder.resolve("documents/.building").resolve(id)))
          .containsExactly("boundary-2");
      append(store, id, LAYOUT, 2);
      CheckpointSession cutOff = store.beginCheckpoint(id, 3 * STEP, Set.of(2 * STEP, 3 * STEP));
      cutOff.tail("state", ByteBuffer.wrap(tail(3)));
    }
    try (DocumentStore store = open()) {
      String id = begin(store, LAYOUT, Origin.NONE);
      assertThat(boundaryFiles(folder.resolve("documents/.building").resolve(id)))
          .containsExactly("boundary-2");
      append(store, id, LAYOUT, 2);
      checkpoint(store, id, 3, 2 * STEP, 3 * STEP);
      append(store, id, LAYOUT, 3);
      seal(store, id, SearchMode.SCAN);
      assertThat(store.summary(id).boundaries()).containsExactly(2 * STEP, 3 * STEP);
      assertTail(store, id + "@2000", 2);
      assertTail(store, id + "@3000", 3);
      assertThat(store.verify(id, QUIET)).isEmpty();
      assertThat(store.collectGarbage(0).orphanFiles()).isZero();
    }
  }

  private static List<String> boundaryFiles(Path document) throws IOException {
    try (Stream<Path> files = Files.list(document)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.startsWith("boundary"))
          .toList();
    }
  }

  @ParameterizedTest(name = "encrypted: {0}")
  @ValueSource(booleans = {false, true})
  void damageOfABoundaryIsNamedAndHarmsNothingElse(boolean encrypted) throws IOException {
    String id;
    try (DocumentStore store = open(folder, encrypted)) {
      id = whole(store, LAYOUT, SearchMode.SCAN);
    }
    Path file = folder.resolve("documents").resolve(id).resolve("boundary-1");
    byte[] sound = Files.readAllBytes(file);
    byte[] flipped = sound.clone();
    flipped[40_000] ^= 4;
    for (byte[] damaged : List.of(flipped, Arrays.copyOf(sound, 50_000), new byte[0])) {
      if (damaged.length == 0) {
        Files.delete(file);
      } else {
        Files.write(file, damaged);
      }
      try (DocumentStore store = open(folder, encrypted)) {
        assertThatThrownBy(() -> assertTail(store, id + "@1000", 1))
            .isInstanceOf(DataLossException.class)
            .hasMessageContaining("boundary-1");
        assertThat(store.summary(id).state()).isEqualTo(DocumentState.DAMAGED);
        assertTail(store, id + "@2000", 2);
        assertThat(answers(store, LAYOUT, id, id + "@1000")).isNotEmpty();
        assertThat(store.verify(id, QUIET))
            .isNotEmpty()
            .allSatisfy(fault -> assertThat(fault).contains("boundary-1"));
        assertThatThrownBy(() -> DocumentFileTest.export(store, id))
            .isInstanceOf(DataLossException.class);
        Files.write(file, sound);
        assertThat(store.verify(id, QUIET)).isEmpty();
        assertTail(store, id + "@1000", 1);
      }
    }
  }
}
