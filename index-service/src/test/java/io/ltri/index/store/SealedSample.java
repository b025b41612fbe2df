package io.ltri.index.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.ltri.index.store.RandomSpans.Plain;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
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
import java.util.TreeMap;

/** A small document of which every byte is known: made from a seed, sealed, and read back. */
public final class SealedSample {

  public static final DocumentLayout LAYOUT =
      new DocumentLayout(3, 4, 2, 16, StorageType.BF16, 0.25f);

  static final long BOUNDARY = 40;

  private final byte[] tail = new byte[9_000];
  private final Map<Integer, List<Plain>> spans = new TreeMap<>();

  /** Something that is read, and the files whose damage may keep it from being read. */
  record Item(String name, List<String> files) {

    boolean needs(String file) {
      return files.stream().anyMatch(file::startsWith);
    }
  }

  /** What a reading came to; what was handed out was right, or the reading has failed. */
  record Reading(List<Item> read, List<Item> refused, List<String> messages) {}

  public SealedSample(long seed) {
    new Random(seed).nextBytes(tail);
    int[] counts = {12, 5, 30};
    for (int layer = 0; layer < counts.length; layer++) {
      spans.put(layer, new RandomSpans(seed + layer, LAYOUT).spans(counts[layer], 0, 9, 3));
    }
  }

  public static StoreSettings settings(Path folder) {
    return new StoreSettings(folder, 2, 500, 1);
  }

  Map<Integer, List<Plain>> spans() {
    return spans;
  }

  public String seal(DocumentStore store, SearchMode mode) {
    return seal(store, mode, false);
  }

  /**
   * @param replicas that the document asks for
   */
  public String seal(DocumentStore store, SearchMode mode, int replicas) {
    return seal(store, mode, false, replicas);
  }

  /**
   * @param boundary whether others can go on after the first three spans of each layer, {@link
   *     #BOUNDARY} tokens
   */
  String seal(DocumentStore store, SearchMode mode, boolean boundary) {
    return seal(store, mode, boundary, 0);
  }

  private String seal(DocumentStore store, SearchMode mode, boolean boundary, int replicas) {
    String id =
        store
            .create(
                new NewDocument(
                    LAYOUT,
                    Map.of("title", "sample \u00e4 <&>"),
                    false,
                    boundary ? "key" : "",
                    Origin.NONE,
                    replicas))
            .id();
    spans.forEach((layer, list) -> store.append(id, layer, RandomSpans.news(list.subList(0, 3))));
    if (boundary) {
      try (CheckpointSession session = store.beginCheckpoint(id, BOUNDARY, Set.of(BOUNDARY))) {
        session.tail("first", ByteBuffer.wrap(tail, 0, 500));
        session.finish();
      }
    }
    spans.forEach(
        (layer, list) -> store.append(id, layer, RandomSpans.news(list.subList(3, list.size()))));
    try (SealSession session = store.beginSeal(id)) {
      session.tail("first", ByteBuffer.wrap(tail, 0, 8_000));
      session.tail("last", ByteBuffer.wrap(tail, 8_000, 1_000));
      session.finish(Map.of("digest", "d"), mode);
    }
    return id;
  }

  /** Every file of the document, by its name within its folder. */
  /** Those of its content; what is said about it lies beside them. */
  static List<String> files(Path document) throws IOException {
    try (var paths = Files.walk(document)) {
      return paths
          .filter(Files::isRegularFile)
          .map(path -> document.relativize(path).toString())
          .filter(name -> !List.of(DamageMarks.FILE, FactsFile.FILE).contains(name))
          .sorted()
          .toList();
    }
  }

  /** Reads everything there is; a wrong byte fails the test, a refused one is noted. */
  Reading read(DocumentStore store, String id) {
    Reading reading = new Reading(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    OpenDocument opened;
    try {
      opened = store.open(id);
    } catch (DataLossException e) {
      refuse(reading, new Item("everything", List.of(Manifest.FILE)), e);
      return reading;
    }
    try (opened) {
      spans.forEach((layer, list) -> readLayer(reading, opened, layer, list));
    }
    Item tailItem = new Item("tail", List.of(TailFile.FILE));
    attempt(
        reading,
        tailItem,
        () -> {
          try (DocumentTail sections = store.openTail(id)) {
            assertThat(sections.sections()).containsExactly("first", "last");
            assertThat(bytes(sections.read("first"))).isEqualTo(Arrays.copyOf(tail, 8_000));
            assertThat(bytes(sections.read("last")))
                .isEqualTo(Arrays.copyOfRange(tail, 8_000, 9_000));
          }
        });
    return reading;
  }

  private static void readLayer(
      Reading reading, OpenDocument document, int layer, List<Plain> expected) {
    LayerRange range = LayerRange.of(LAYOUT.layers(), 2)[layer / 2];
    List<String> own = List.of(range.blockFile(), range.spanTable());
    attempt(
        reading,
        new Item("spans of layer " + layer, own),
        () -> {
          LayerView view = document.layer(layer);
          assertThat(view.spanCount()).isEqualTo(expected.size());
          for (int span = 0; span < expected.size(); span++) {
            assertThat(view.start(span)).isEqualTo(expected.get(span).start());
            assertThat(view.end(span)).isEqualTo(expected.get(span).end());
          }
        });
    for (int i = 0; i < expected.size(); i++) {
      int span = i;
      NewSpan written = expected.get(span).span();
      attempt(
          reading,
          new Item("keys of layer %d, span %d".formatted(layer, span), own),
          () -> {
            MemorySegment keys = document.layer(layer).keys(span);
            assertThat(bytes(keys)).isEqualTo(bytes(written.keys()));
          });
      attempt(
          reading,
          new Item("values of layer %d, span %d".formatted(layer, span), own),
          () -> {
            MemorySegment values = document.layer(layer).values(span);
            assertThat(bytes(values)).isEqualTo(bytes(written.values()));
          });
    }
    for (int h = 0; h < LAYOUT.kvHeads(); h++) {
      int head = h;
      attempt(
          reading,
          new Item(
              "vectors of layer %d, head %d".formatted(layer, head),
              List.of(range.blockFile(), range.spanTable(), VectorFolder.FOLDER)),
          () -> assertVectors(document.layer(layer), head, expected));
    }
  }

  private static void assertVectors(LayerView view, int head, List<Plain> expected) {
    float[] all = new float[view.vectorCount() * LAYOUT.headDim()];
    for (LayerView.VectorRun run : view.runs(head)) {
      MemorySegment.copy(
          run.vectors(),
          Bytes.FLOAT,
          0,
          all,
          run.first() * LAYOUT.headDim(),
          run.count() * LAYOUT.headDim());
    }
    int at = 0;
    for (Plain span : expected) {
      int row = LAYOUT.kvHeads() * LAYOUT.headDim();
      for (int v = 0; v < span.vectors().length / row; v++, at++) {
        int from = v * row + head * LAYOUT.headDim();
        assertThat(Arrays.copyOfRange(all, at * LAYOUT.headDim(), (at + 1) * LAYOUT.headDim()))
            .containsExactly(Arrays.copyOfRange(span.vectors(), from, from + LAYOUT.headDim()));
      }
    }
    assertThat(at).isEqualTo(view.vectorCount());
    assertCodes(view, head, all);
  }

  private static void assertCodes(LayerView view, int head, float[] vectors) {
    int dim = LAYOUT.headDim();
    int vector = 0;
    for (LayerView.CodeRun run : view.codes(head)) {
      assertThat(run.first()).isEqualTo(vector);
      for (int i = 0; i < run.count(); i++, vector++) {
        long block = (long) (i / SummaryCodes.BLOCK) * SummaryCodes.blockBytes(dim);
        assertThat(SummaryCodes.decode(run.blocks(), block, i % SummaryCodes.BLOCK, dim))
            .containsExactly(RandomSpans.coded(vectors, vector * dim, dim, 0));
      }
    }
    assertThat(vector).isEqualTo(view.vectorCount());
  }

  private static void attempt(Reading reading, Item item, Runnable read) {
    try {
      read.run();
      reading.read.add(item);
    } catch (DataLossException e) {
      refuse(reading, item, e);
    }
  }

  private static void refuse(Reading reading, Item item, DataLossException e) {
    reading.refused.add(item);
    reading.messages.add(String.valueOf(e.getMessage()));
  }

  public void assertWhole(DocumentStore store, String id) {
    Reading reading = read(store, id);
    assertThat(reading.messages()).isEmpty();
    assertThat(reading.read()).hasSizeGreaterThan(100);
  }

  static byte[] bytes(MemorySegment segment) {
    return segment.toArray(ValueLayout.JAVA_BYTE);
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.limit()];
    buffer.get(0, bytes);
    return bytes;
  }
}
