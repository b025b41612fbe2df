package io.ltri.index.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.index.store.SealedSample.Item;
import io.ltri.index.store.SealedSample.Reading;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Each file of a document, damaged in every way: it is detected, named, and harms nothing else.
 * What is handed out is compared with what was written, so a wrong byte fails the test.
 */
@Tag("slow")
class CorruptionMatrixTest {

  private static final long SEED = 20_260_101;

  /** Of each file and kind of damage; {@code -Dltri.matrix.places=12} for some thousand cases. */
  private static final int PLACES = Integer.getInteger("ltri.matrix.places", 2);

  private static final VerifyProgress QUIET = (read, total) -> {};

  @TempDir Path folder;

  private boolean encrypted;

  private enum Damage {
    BIT_FLIP,
    TRUNCATION,
    ZEROED_PAGE,
    SWAPPED_BLOCKS,
    MISSING
  }

  /**
   * @param bytes of the file now; null: it is gone
   * @param block that was hit, where it is certain; else empty
   */
  private record Damaged(byte @Nullable [] bytes, String block) {}

  private final SealedSample sample = new SealedSample(3);
  private final SealedSample other = new SealedSample(4);
  private String id = "";
  private String otherId = "";

  @ParameterizedTest(name = "encrypted: {0}")
  @ValueSource(booleans = {false, true})
  void everyKindOfDamageToEveryFileIsDetectedNamedAndIsolated(boolean withKeys) throws IOException {
    encrypted = withKeys;
    assertThat(matrix(SearchMode.GRAPH, 1, false)).isGreaterThan(withKeys ? 30 : 80);
  }

  @Tag("slow") // some hundred cases
  @ParameterizedTest(name = "encrypted: {0}")
  @ValueSource(booleans = {false, true})
  void everyKindOfDamageAtManyPlacesIsDetectedNamedAndIsolated(boolean withKeys)
      throws IOException {
    encrypted = withKeys;
    int places = withKeys ? Math.ceilDiv(PLACES, 6) : PLACES;
    int cases = matrix(SearchMode.GRAPH, places, true) + matrix(SearchMode.SCAN, places, true);
    System.out.printf("corruption matrix: %d cases, seed %d%n", cases, SEED);
    assertThat(cases).isGreaterThan(170 * places);
  }

  @Test
  void blockThatTheDiskChangedBeforeTheSealIsNotSealed() throws IOException {
    RandomSpans random = new RandomSpans(SEED, SealedSample.LAYOUT);
    try (DocumentStore store = open()) {
      String building = store.create(SealedSample.LAYOUT, Map.of(), false).id();
      store.append(building, 1, RandomSpans.news(random.spans(4, 0, 9, 1)));
      Path blocks = folder.resolve("documents/.building/" + building + "/blocks-0000-0001");
      try (FileChannel channel = FileChannel.open(blocks, StandardOpenOption.WRITE)) {
        channel.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), BlockHeader.BYTES + 2);
      }
      try (SealSession session = store.beginSeal(building)) {
        assertThatThrownBy(() -> session.finish(Map.of(), null))
            .isInstanceOf(DataLossException.class)
            .hasMessageContaining("layer 1, span 0,");
      }
      assertThat(store.list(false)).isEmpty();
      assertThat(store.summary(building).state()).isEqualTo(DocumentState.BUILDING);
    }
  }

  /**
   * @param both each case both after a restart and while the document is served; else in turn
   */
  private int matrix(SearchMode mode, int trials, boolean both) throws IOException {
    Random random = new Random(SEED);
    try (DocumentStore store = open()) {
      id = sample.seal(store, mode);
      otherId = other.seal(store, mode);
    }
    Path document = folder.resolve("documents").resolve(id);
    int cases = 0;
    for (String file : SealedSample.files(document)) {
      if (encrypted && !both && file.startsWith(VectorFolder.FOLDER) && !file.endsWith(".vec")) {
        continue; // Encrypted, Lucene's files are all alike.
      }
      byte[] before = Files.readAllBytes(document.resolve(file));
      for (Damage damage : Damage.values()) {
        for (int trial = 0; trial < (damage == Damage.MISSING ? 1 : trials); trial++) {
          Damaged damaged = damage(damage, file, before, random);
          String what = "%s of %s, trial %d, seed %d".formatted(damage, file, trial, SEED);
          boolean down = cases % 2 == 0;
          if (both || down) {
            afterRestart(what, document.resolve(file), file, before, damaged);
            cases++;
          }
          if (both || !down) {
            whileServing(what, document.resolve(file), file, before, damaged);
            cases++;
          }
        }
      }
    }
    return cases;
  }

  private DocumentStore open() {
    return new DocumentStore(
        SealedSample.settings(folder).with(TestKeys.everybodysIf(encrypted)), FileLayer.system());
  }

  /** The damage was done while the service was down. */
  private void afterRestart(String what, Path path, String file, byte[] before, Damaged damaged)
      throws IOException {
    write(path, damaged.bytes);
    try (DocumentStore store = open()) {
      assertIsolated(what, store, file);
      assertNamed(what, store.verify(id, QUIET), file, damaged);
      assertMarked(what, store, file);
      assertIsolated(what, store, file);
      assertThat(store.verify(otherId, QUIET)).as(what).isEmpty();
      other.assertWhole(store, otherId);
    }
    try (DocumentStore store = open()) {
      assertMarked(what + ", after another restart", store, file);
    }
    write(path, before);
    try (DocumentStore store = open()) {
      assertThat(store.verify(id, QUIET)).as(what + ", mended").isEmpty();
      assertThat(store.summary(id).state()).as(what).isEqualTo(DocumentState.READY);
      assertThat(store.unreadable()).isEmpty();
    }
  }

  /** The damage is done under a document that was read a moment ago. */
  private void whileServing(String what, Path path, String file, byte[] before, Damaged damaged)
      throws IOException {
    try (DocumentStore store = open()) {
      sample.assertWhole(store, id);
      write(path, damaged.bytes);
      assertNamed(what, store.verify(id, QUIET), file, damaged);
      assertThat(store.summary(id).state()).as(what).isEqualTo(DocumentState.DAMAGED);
      if (!file.equals(Manifest.FILE)) { // of which the service has a sound one in memory
        assertIsolated(what, store, file);
      }
      other.assertWhole(store, otherId);
      write(path, before);
      assertThat(store.verify(id, QUIET)).as(what + ", mended").isEmpty();
      sample.assertWhole(store, id);
    }
  }

  private void assertIsolated(String what, DocumentStore store, String file) {
    Reading reading = sample.read(store, id);
    assertThat(reading.refused()).as(what).allMatch(item -> item.needs(file));
    assertThat(reading.messages()).as(what).allMatch(message -> message.contains(id));
    if (!file.equals(Manifest.FILE)) {
      assertThat(reading.read()).as(what).extracting(Item::name).isNotEmpty();
    }
  }

  private static void assertNamed(String what, List<String> faults, String file, Damaged damaged) {
    assertThat(faults).as(what).isNotEmpty().allMatch(fault -> fault.contains(file));
    if (!damaged.block.isEmpty()) {
      assertThat(faults).as(what).anyMatch(fault -> fault.contains(damaged.block));
    }
  }

  private void assertMarked(String what, DocumentStore store, String file) {
    if (file.equals(Manifest.FILE)) {
      assertThat(store.list(false)).as(what).extracting(DocumentSummary::id).doesNotContain(id);
      assertThat(store.unreadable()).as(what).extracting(DocumentStore.Unreadable::id).contains(id);
    } else {
      DocumentSummary summary = store.summary(id);
      assertThat(summary.state()).as(what).isEqualTo(DocumentState.DAMAGED);
      assertThat(summary.faults()).as(what).anyMatch(fault -> fault.contains(file));
    }
  }

  private static void write(Path path, byte @Nullable [] bytes) throws IOException {
    if (bytes == null) {
      Files.delete(path);
    } else {
      Files.write(path, bytes, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING);
    }
  }

  // -- damage
  // ------------------------------------------------------------------------------------------------------

  private Damaged damage(Damage damage, String file, byte[] before, Random random) {
    byte[] bytes = before.clone();
    return switch (damage) {
      case BIT_FLIP -> {
        int at = random.nextInt(bytes.length);
        bytes[at] ^= (byte) (1 << random.nextInt(8));
        yield new Damaged(bytes, blockAt(file, at));
      }
      case TRUNCATION -> new Damaged(Arrays.copyOf(bytes, random.nextInt(bytes.length)), "");
      case ZEROED_PAGE -> {
        do {
          int from = random.nextInt((bytes.length + 4095) / 4096) * 4096;
          Arrays.fill(bytes, from, Math.min(bytes.length, from + 4096), (byte) 0);
        } while (Arrays.equals(bytes, before));
        yield new Damaged(bytes, "");
      }
      case SWAPPED_BLOCKS -> swapped(file, bytes, random);
      case MISSING -> new Damaged(null, "");
    };
  }

  /** Two blocks of keys and values, or, in other files, two pieces of 16 bytes. */
  private Damaged swapped(String file, byte[] bytes, Random random) {
    byte[] before = bytes.clone();
    List<Block> blocks = blocks(file);
    String block = "";
    do {
      int length = 16;
      int one = 16 * random.nextInt(bytes.length / 16);
      int two = 16 * random.nextInt(bytes.length / 16);
      if (!blocks.isEmpty()) {
        Block first = blocks.get(random.nextInt(blocks.size()));
        List<Block> alike =
            blocks.stream().filter(b -> b.length() == first.length() && b != first).toList();
        if (alike.isEmpty()) {
          continue;
        }
        length = first.length();
        one = first.at();
        two = alike.get(random.nextInt(alike.size())).at();
        block = first.name();
      }
      System.arraycopy(before, one, bytes, two, length);
      System.arraycopy(before, two, bytes, one, length);
    } while (Arrays.equals(bytes, before));
    return new Damaged(bytes, block);
  }

  private record Block(int at, int keys, String name) {

    int valuesAt() {
      return (int) BlockHeader.valuesOffset(at, keys);
    }

    int length() {
      return valuesAt() + keys - at;
    }

    /** Whether the byte is of the header, keys or values, and not between them. */
    boolean holds(int byteAt) {
      return byteAt >= at && byteAt < at + BlockHeader.BYTES + keys
          || byteAt >= valuesAt() && byteAt < valuesAt() + keys;
    }
  }

  private List<Block> blocks(String file) {
    List<Block> blocks = new ArrayList<>();
    if (!file.startsWith("blocks-")) {
      return blocks;
    }
    try (DocumentStore store = open();
        OpenDocument document = store.open(id)) {
      for (int layer = 0; layer < SealedSample.LAYOUT.layers(); layer++) {
        if (LayerRange.of(SealedSample.LAYOUT.layers(), 2)[layer / 2].blockFile().equals(file)) {
          LayerView view = document.layer(layer);
          for (int span = 0; span < view.spanCount(); span++) {
            SpanRecord record = view.record(span);
            blocks.add(
                new Block(
                    (int) record.blockOffset(),
                    (int) StoredParts.of(SealedSample.LAYOUT, encrypted).bytes(record.tokens()),
                    "layer %d, span %d,".formatted(layer, span)));
          }
        }
      }
    }
    return blocks;
  }

  private String blockAt(String file, int at) {
    return blocks(file).stream()
        .filter(block -> block.holds(at))
        .map(Block::name)
        .findFirst()
        .orElse("");
  }
}
