package io.ltri.index.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A document as one file, out and in again. */
@Tag("slow")
class DocumentFileTest {

  private static final VerifyProgress QUIET = (read, total) -> {};

  @TempDir Path folder;

  private final SealedSample sample = new SealedSample(7);
  private Path home = Path.of("");
  private Path away = Path.of("");

  @BeforeEach
  void folders() {
    home = folder.resolve("home");
    away = folder.resolve("away");
  }

  private static DocumentStore open(Path folder) {
    return new DocumentStore(SealedSample.settings(folder), FileLayer.system());
  }

  static byte[] export(DocumentStore store, String id) {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    try (DocumentExport export = store.export(id)) {
      ByteBuffer data;
      while ((data = export.next()) != null) {
        byte[] part = new byte[data.remaining()];
        data.get(part);
        file.writeBytes(part);
      }
    }
    return file.toByteArray();
  }

  static DocumentSummary take(DocumentStore store, byte[] file, int piece) {
    try (DocumentImport session = store.beginImport("")) {
      for (int at = 0; at < file.length; at += piece) {
        session.take(ByteBuffer.wrap(file, at, Math.min(piece, file.length - at)));
      }
      return session.finish();
    }
  }

  @ParameterizedTest
  @EnumSource
  void importedDocumentIsTheExportedOneUnderAnotherId(SearchMode mode) {
    try (DocumentStore from = open(home);
        DocumentStore to = open(away)) {
      String id = sample.seal(from, mode);
      byte[] file = export(from, id);
      assertThat(export(from, id)).as("the same bytes again").isEqualTo(file);
      List<String> ids = new ArrayList<>();
      for (int piece : new int[] {1, 511, 4_096, file.length}) {
        DocumentSummary imported = take(to, file, piece);
        assertThat(imported.id()).isNotEqualTo(id).isNotIn(ids);
        assertThat(imported)
            .usingRecursiveComparison()
            .ignoringFields("id", "facts")
            .isEqualTo(from.summary(id));
        ids.add(imported.id());
        sample.assertWhole(to, imported.id());
        assertThat(to.verify(imported.id(), QUIET)).isEmpty();
      }
      assertThat(take(from, file, 700).id()).as("beside the exported one").isNotEqualTo(id);
    }
    try (DocumentStore to = open(away)) {
      assertThat(to.list(true)).hasSize(4);
      to.list(false).forEach(document -> sample.assertWhole(to, document.id()));
    }
  }

  @Test
  void anyTarProgramReadsTheFileManifestFirst() throws IOException {
    try (DocumentStore store = open(home)) {
      String id = sample.seal(store, SearchMode.SCAN);
      Path document = home.resolve("documents").resolve(id);
      List<String> names = new ArrayList<>();
      try (TarArchiveInputStream tar =
          new TarArchiveInputStream(new ByteArrayInputStream(export(store, id)))) {
        for (TarArchiveEntry e = tar.getNextEntry(); e != null; e = tar.getNextEntry()) {
          String name = e.getName().substring(id.length() + 1);
          assertThat(tar.readAllBytes()).isEqualTo(Files.readAllBytes(document.resolve(name)));
          names.add(name);
        }
      }
      assertThat(names.getFirst()).isEqualTo(Manifest.FILE);
      assertThat(names).containsExactlyInAnyOrderElementsOf(SealedSample.files(document));
    }
  }

  @Test
  void documentThatIsDeletedWhileItIsExportedStillComesOutWhole() {
    try (DocumentStore store = open(home)) {
      String id = sample.seal(store, SearchMode.SCAN);
      ByteArrayOutputStream file = new ByteArrayOutputStream();
      try (DocumentExport export = store.export(id)) {
        store.delete(id);
        for (ByteBuffer data = export.next(); data != null; data = export.next()) {
          byte[] part = new byte[data.remaining()];
          data.get(part);
          file.writeBytes(part);
        }
      }
      sample.assertWhole(store, take(store, file.toByteArray(), 1 << 20).id());
    }
  }

  @Test
  void damagedDocumentIsNotExported() throws IOException {
    try (DocumentStore store = open(home)) {
      String id = sample.seal(store, SearchMode.SCAN);
      Path blocks = home.resolve("documents").resolve(id).resolve("blocks-0000-0001");
      byte[] bytes = Files.readAllBytes(blocks);
      bytes[100] ^= 1;
      Files.write(blocks, bytes);
      assertThatThrownBy(() -> export(store, id))
          .isInstanceOf(DataLossException.class)
          .hasMessageContaining("blocks-0000-0001");
      assertThat(store.summary(id).state()).isEqualTo(DocumentState.DAMAGED);
    }
  }

  @Test
  void damagedFileIsRefusedAndNothingIsLeftOfIt() throws IOException {
    damagedFiles(150);
  }

  @Tag("slow") // a few thousand imports
  @Test
  void damageAtManyPlacesOfAFileIsRefusedAndNothingIsLeftOfIt() throws IOException {
    damagedFiles(3_000);
  }

  private void damagedFiles(int trials) throws IOException {
    long seed = 11;
    Random random = new Random(seed);
    byte[] file;
    try (DocumentStore store = open(home)) {
      file = export(store, sample.seal(store, SearchMode.GRAPH));
    }
    int refused = 0;
    try (DocumentStore store = open(away)) {
      for (int trial = 0; trial < trials; trial++) {
        byte[] damaged =
            switch (trial % 3) {
              case 0 -> flipped(file, random);
              case 1 -> Arrays.copyOf(file, random.nextInt(file.length - 1_024));
              default -> swapped(file, random);
            };
        try {
          DocumentSummary imported = take(store, damaged, 5_000);
          // Damage between the files, where nothing is.
          sample.assertWhole(store, imported.id());
          store.delete(imported.id());
        } catch (DataLossException | InvalidInputException e) {
          refused++;
        }
        assertThat(store.list(true)).as("trial %d, seed %d", trial, seed).isEmpty();
        assertEmpty(away.resolve("documents/.importing"));
      }
    }
    assertThat(refused).isGreaterThan(trials * 3 / 4);
  }

  private static byte[] flipped(byte[] file, Random random) {
    byte[] damaged = file.clone();
    damaged[random.nextInt(file.length)] ^= (byte) (1 << random.nextInt(8));
    return damaged;
  }

  private static byte[] swapped(byte[] file, Random random) {
    byte[] damaged = file.clone();
    int one = 512 * random.nextInt(file.length / 512);
    int two = 512 * random.nextInt(file.length / 512);
    System.arraycopy(file, one, damaged, two, 512);
    System.arraycopy(file, two, damaged, one, 512);
    return damaged;
  }

  private static void assertEmpty(Path folder) throws IOException {
    try (var left = Files.list(folder)) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void fileThatNamesPlacesOfItsOwnIsRefused() throws IOException {
    try (DocumentStore store = open(home)) {
      String id = sample.seal(store, SearchMode.SCAN);
      byte[] manifest =
          Files.readAllBytes(home.resolve("documents").resolve(id).resolve(Manifest.FILE));
      for (String second : List.of(id + "/../../evil", "/etc/evil", id + "/evil", "other/tail")) {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(file)) {
          add(tar, id + "/" + Manifest.FILE, manifest);
          add(tar, second, new byte[10]);
        }
        assertThatThrownBy(() -> take(store, file.toByteArray(), 1 << 20))
            .isInstanceOf(InvalidInputException.class)
            .hasMessageContaining("should be");
        assertThat(store.list(false)).hasSize(1);
        assertEmpty(home.resolve("documents/.importing"));
      }
    }
  }

  private static void add(TarArchiveOutputStream tar, String name, byte[] bytes)
      throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name, true);
    entry.setSize(bytes.length);
    tar.putArchiveEntry(entry);
    tar.write(bytes);
    tar.closeArchiveEntry();
  }

  @Tag("slow") // a few hundred runs
  @Test
  void faultAtAnyOperationOfAnImportLeavesTheWholeDocumentOrNothing() throws IOException {
    byte[] file;
    try (DocumentStore store = open(home)) {
      file = export(store, sample.seal(store, SearchMode.SCAN));
    }
    boolean faulty = true;
    int at = 0;
    for (; faulty; at++) {
      Path here = folder.resolve("run" + at);
      FailingFiles files = new FailingFiles();
      boolean imported = false;
      try (DocumentStore store = new DocumentStore(SealedSample.settings(here), files)) {
        int begin = files.operations().size();
        files.fail(at, 1, "No space left on device");
        try {
          take(store, file, 10_000);
          imported = true;
        } catch (NoRoomException e) {
          assertThat(store.list(true)).isEmpty();
          files.heal();
        }
        faulty = files.operations().size() > begin + at;
      }
      try (DocumentStore store = open(here)) {
        assertThat(store.list(true)).hasSize(imported ? 1 : 0);
        store.list(true).forEach(document -> sample.assertWhole(store, document.id()));
        assertEmpty(here.resolve("documents/.importing"));
      }
    }
    System.out.printf("%d faults of an import%n", at);
    assertThat(at).isGreaterThan(60);
  }
}
