package io.ltri.index.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.index.cipher.TenantKeys;
import io.ltri.index.store.RandomSpans.Plain;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Documents of tenants that have a key. */
class EncryptionTest {

  private static final VerifyProgress QUIET = (read, total) -> {};

  @TempDir Path folder;

  private final SealedSample sample = new SealedSample(7);
  private final TestKeys keys = TestKeys.everybodys();

  private DocumentStore open(TenantKeys some) {
    return new DocumentStore(SealedSample.settings(folder).with(some), FileLayer.system());
  }

  private Path document(String id) {
    return folder.resolve("documents").resolve(id);
  }

  @ParameterizedTest
  @EnumSource
  void isReadAsItWasWrittenAlsoAfterARestart(SearchMode mode) {
    String id;
    try (DocumentStore store = open(keys)) {
      id = sample.seal(store, mode);
      sample.assertWhole(store, id);
      assertThat(store.verify(id, QUIET)).isEmpty();
    }
    try (DocumentStore store = open(keys)) {
      sample.assertWhole(store, id);
      assertThat(store.prewarm(id, true)).isPositive();
    }
  }

  /** Of a build with a checkpoint, and of the sealed document. */
  @Test
  void nothingOfKeysValuesVectorsAndTailIsOnTheDisk() throws IOException {
    Map<Integer, List<Plain>> spans = sample.spans();
    byte[] text =
        "words of the text that nobody may read ".repeat(4).getBytes(StandardCharsets.UTF_8);
    Path documents = folder.resolve("documents");
    for (boolean encrypted : new boolean[] {true, false}) {
      try (DocumentStore store = open(TestKeys.everybodysIf(encrypted))) {
        String id =
            store
                .create(new NewDocument(SealedSample.LAYOUT, Map.of(), false, "build", Origin.NONE))
                .id();
        spans.forEach((layer, list) -> store.append(id, layer, RandomSpans.news(list)));
        try (CheckpointSession session = store.beginCheckpoint(id, 10)) {
          session.tail("text", ByteBuffer.wrap(text));
          session.finish();
        }
        assertThat(findsPlainText(documents, spans, text)).isEqualTo(!encrypted);
        try (SealSession session = store.beginSeal(id)) {
          session.tail("text", ByteBuffer.wrap(text));
          session.finish(Map.of(), SearchMode.GRAPH);
        }
        assertThat(findsPlainText(documents, spans, text)).isEqualTo(!encrypted);
        long unused = store.delete(id);
      }
    }
  }

  private static boolean findsPlainText(
      Path documents, Map<Integer, List<Plain>> spans, byte[] text) throws IOException {
    for (Path file : Documents.files(documents)) {
      byte[] bytes = Files.readAllBytes(file);
      if (contains(bytes, Arrays.copyOf(text, 16))) {
        return true;
      }
      for (List<Plain> layer : spans.values()) {
        for (Plain span : layer) {
          for (ByteBuffer part :
              List.of(span.span().keys(), span.span().values(), span.span().vectors())) {
            byte[] begin = new byte[16];
            part.get(0, begin);
            if (contains(bytes, begin)) {
              return true;
            }
          }
        }
      }
    }
    return false;
  }

  private static boolean contains(byte[] bytes, byte[] wanted) {
    for (int at = 0; at + wanted.length <= bytes.length; at++) {
      if (bytes[at] == wanted[0]
          && Arrays.equals(bytes, at, at + wanted.length, wanted, 0, wanted.length)) {
        return true;
      }
    }
    return false;
  }

  @Test
  void withoutItsKeyItIsListedAndCheckedButRefusedByTheKeysName() {
    String id;
    try (DocumentStore store = open(keys)) {
      id = sample.seal(store, SearchMode.SCAN);
    }
    try (DocumentStore store = open(TenantKeys.NONE)) {
      assertThat(store.list(false)).extracting(DocumentSummary::id).containsExactly(id);
      assertThatThrownBy(() -> store.open(id))
          .isInstanceOf(WrongStateException.class)
          .hasMessageContainingAll(id, "'k1'", "LTRI_INDEX_KEYS");
      assertThat(store.verify(id, QUIET)).isEmpty();
      assertThat(store.summary(id).state()).isEqualTo(DocumentState.READY);
    }
  }

  @Test
  void whoseKeyIsTakenAwayIsRefusedAtOnceAndServedWhenItIsBack() {
    try (DocumentStore store = open(keys)) {
      String id = sample.seal(store, SearchMode.SCAN);
      sample.assertWhole(store, id);
      keys.remove("k1");
      assertThatThrownBy(() -> store.open(id)).isInstanceOf(WrongStateException.class);
      keys.add("k1", "*", 1);
      sample.assertWhole(store, id);
    }
  }

  @Test
  void anotherKeyOfTheSameNameIsDataLossAndHarmsNothing() {
    String id;
    try (DocumentStore store = open(keys)) {
      id = sample.seal(store, SearchMode.SCAN);
    }
    try (DocumentStore store = open(new TestKeys().add("k1", "*", 99))) {
      assertThatThrownBy(() -> store.open(id))
          .isInstanceOf(DataLossException.class)
          .hasMessageContainingAll(id, "'k1'");
      assertThat(store.verify(id, QUIET)).hasSize(1).allMatch(fault -> fault.contains("key"));
    }
    try (DocumentStore store = open(keys)) {
      assertThat(store.verify(id, QUIET)).isEmpty();
      sample.assertWhole(store, id);
    }
  }

  @Test
  void aKeyOpensDocumentsOfItsTenantAlone() {
    TestKeys two = new TestKeys().add("a", "ada", 1).add("b", "bob", 2);
    String adas;
    String nobodys;
    try (DocumentStore store = open(two)) {
      adas = Documents.sealed(store, "ada", 3, SealFacts.NONE).id();
      nobodys = Documents.sealed(store, "cleo", 3, SealFacts.NONE).id();
    }
    try (DocumentStore store = open(new TestKeys().add("a", "bob", 1))) {
      assertThatThrownBy(() -> store.open(adas)).isInstanceOf(WrongStateException.class);
      store.open(nobodys).close();
    }
  }

  @Test
  void anExportStaysEncryptedAndNeedsTheKeyWhereItIsImported() throws IOException {
    ByteArrayOutputStream exported = new ByteArrayOutputStream();
    try (DocumentStore store = open(keys)) {
      String id = sample.seal(store, SearchMode.GRAPH);
      try (DocumentExport export = store.export(id)) {
        for (ByteBuffer next = export.next(); next != null; next = export.next()) {
          byte[] part = new byte[next.remaining()];
          next.get(part);
          exported.writeBytes(part);
        }
      }
      long unused = store.delete(id);
      try (DocumentImport in = store.beginImport("")) {
        in.take(ByteBuffer.wrap(exported.toByteArray()));
        String back = in.finish().id();
        sample.assertWhole(store, back);
        assertThat(store.verify(back, QUIET)).isEmpty();
      }
      keys.remove("k1");
      try (DocumentImport in = store.beginImport("")) {
        assertThatThrownBy(() -> in.take(ByteBuffer.wrap(exported.toByteArray())))
            .isInstanceOf(WrongStateException.class)
            .hasMessageContaining("'k1'");
      }
    }
  }

  @Test
  void anUnfinishedBuildWaitsForItsKeyAndGoesOn() {
    Contents contents = new Contents(5, 3, 0);
    NewDocument wanted = new NewDocument(Contents.LAYOUT, Map.of(), false, "build", Origin.NONE);
    try (DocumentStore store = open(keys)) {
      String id = store.create(wanted).id();
      contents.append(store, id, 0);
      contents.append(store, id, 1);
      contents.checkpoint(store, id, 2);
      contents.append(store, id, 2);
    }
    try (DocumentStore store = open(TenantKeys.NONE)) {
      assertThatThrownBy(() -> store.create(wanted))
          .isInstanceOf(WrongStateException.class)
          .hasMessageContaining("'k1'");
      assertThat(store.list(true)).hasSize(1);
    }
    try (DocumentStore store = open(keys)) {
      String id = store.create(wanted).id();
      contents.append(store, id, 2);
      contents.seal(store, id, false);
      assertThat(Contents.digest(store, id)).isEqualTo(contents.digest(3));
      assertThat(store.verify(id, QUIET)).isEmpty();
    }
  }

  @Test
  void aNewKeyWrapsTheDataKeysOfOldDocumentsAtTheNextStart() throws IOException {
    String id;
    try (DocumentStore store = open(keys)) {
      id = sample.seal(store, SearchMode.SCAN);
    }
    byte[] blocks = Files.readAllBytes(document(id).resolve("blocks-0000-0001"));
    keys.add("k2", "*", 2);
    try (DocumentStore store = open(keys)) {
      sample.assertWhole(store, id);
    }
    keys.remove("k1");
    try (DocumentStore store = open(keys)) {
      sample.assertWhole(store, id);
      assertThat(store.verify(id, QUIET)).isEmpty();
    }
    assertThat(document(id).resolve("blocks-0000-0001")).hasBinaryContent(blocks);
  }
}
