package io.ltri.index.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.index.search.LookUp;
import io.ltri.index.search.LookUpAnswer;
import io.ltri.index.search.SearchLimits;
import io.ltri.index.search.SpanSearch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.util.FileSystemUtils;

/**
 * Documents that earlier versions have sealed open in this one. The samples in {@code format/v2} to
 * {@code v4} are {@link SealedSample} with seed 1, sealed by format version 2, encrypted with
 * {@link TestKeys#everybodys} by version 3, and with a boundary by version 4; {@link #main} makes
 * them.
 */
class FormatTest {

  private static final Path SAMPLES = Path.of("src/test/resources/format");

  @TempDir Path folder;

  private final SealedSample sample = new SealedSample(1);

  @ParameterizedTest
  @CsvSource({"2,SCAN", "2,GRAPH", "3,SCAN", "3,GRAPH", "4,SCAN", "4,GRAPH"})
  void sampleOfEachVersionOpensVerifiesAndIsSearched(int version, SearchMode mode)
      throws IOException {
    String id = mode.name().toLowerCase(java.util.Locale.ROOT);
    Path document = folder.resolve("documents").resolve(id);
    FileSystemUtils.copyRecursively(SAMPLES.resolve("v" + version).resolve(id), document);
    try (DocumentStore store = open(folder, version == 3);
        SpanSearch search = new SpanSearch(1, new SearchLimits(8, 1 << 12))) {
      assertThat(store.summary(id).searchMode()).isEqualTo(mode);
      assertThat(store.summary(id).attributes()).containsEntry("title", "sample \u00e4 <&>");
      sample.assertWhole(store, id);
      assertThat(store.verify(id, (read, total) -> {})).isEmpty();
      DocumentSummary imported =
          DocumentFileTest.take(store, DocumentFileTest.export(store, id), 1 << 16);
      sample.assertWhole(store, imported.id());
      if (version == 4) {
        assertBoundary(store, id);
        assertBoundary(store, imported.id());
      }
      String fresh = sample.seal(store, mode);
      assertThat(lookUp(store, search, id)).isEqualTo(lookUp(store, search, fresh)).isNotEmpty();
    }
  }

  private static void assertBoundary(DocumentStore store, String id) {
    assertThat(store.summary(id).boundaries()).containsExactly(SealedSample.BOUNDARY);
    String name = new DocumentPart(id, SealedSample.BOUNDARY).name();
    try (OpenDocument beginning = store.open(name);
        DocumentTail tail = store.openTail(name)) {
      assertThat(beginning.layer(2).spanCount()).isEqualTo(3);
      assertThat(tail.read("first").byteSize()).isEqualTo(500);
    }
  }

  private List<Integer> lookUp(DocumentStore store, SpanSearch search, String id) {
    DocumentLayout layout = SealedSample.LAYOUT;
    float[] queries = new RandomSpans(9, layout).floats(layout.queryHeads() * 3 * layout.headDim());
    LookUp lookUp = new LookUp(2, queries, 3, 40, 0, LookUp.StageOne.SUM, false);
    try (OpenDocument document = store.open(id)) {
      LookUpAnswer answer = search.search(List.of(document), lookUp);
      return answer.candidates().stream().map(LookUpAnswer.Candidate::span).toList();
    }
  }

  @Test
  void unknownNewerVersionIsRefusedWithItsNumber() throws IOException {
    Path manifest = folder.resolve("documents/scan").resolve(Manifest.FILE);
    FileSystemUtils.copyRecursively(SAMPLES.resolve("v2/scan"), manifest.getParent());
    String json = Files.readString(manifest);
    String inner =
        json.substring(json.indexOf('\n') + 1, json.length() - 3)
            .replace("\"format_version\": 2", "\"format_version\": 5");
    CRC32C checksum = new CRC32C();
    checksum.update(inner.getBytes(StandardCharsets.UTF_8));
    Files.writeString(
        manifest,
        "{\"crc32c\":\"%08x\",\"document\":\n%s\n}\n".formatted(checksum.getValue(), inner));
    try (DocumentStore store = open(folder, false)) {
      assertThatThrownBy(() -> store.open("scan"))
          .isInstanceOf(DataLossException.class)
          .hasMessageContaining("format version 5; this service reads versions 2 to 4");
      assertThat(store.list(true)).isEmpty();
      assertThat(store.unreadable().getFirst().fault()).contains("format version 5");
    }
  }

  private static DocumentStore open(Path folder, boolean encrypted) {
    return new DocumentStore(
        SealedSample.settings(folder).with(TestKeys.everybodysIf(encrypted)), FileLayer.system());
  }

  /** Makes the samples anew: only for a new format version, in a folder of its own. */
  public static void main(String[] arguments) throws IOException {
    make(Path.of(arguments[0], "v2"), false, false);
    make(Path.of(arguments[0], "v3"), true, false);
    make(Path.of(arguments[0], "v4"), false, true);
  }

  private static void make(Path samples, boolean encrypted, boolean boundary) throws IOException {
    Path made = Files.createTempDirectory("samples");
    try (DocumentStore store = open(made, encrypted)) {
      for (SearchMode mode : SearchMode.values()) {
        String id = mode.name().toLowerCase(java.util.Locale.ROOT);
        Path document =
            made.resolve("documents").resolve(new SealedSample(1).seal(store, mode, boundary));
        Manifest manifest =
            Manifest.fromJson(
                Files.readAllBytes(document.resolve(Manifest.FILE)),
                document.getFileName().toString(),
                document);
        FileSystemUtils.copyRecursively(document, samples.resolve(id));
        Files.write(
            samples.resolve(id).resolve(Manifest.FILE),
            manifest.as(id, manifest.origin()).toJson());
      }
    } finally {
      FileSystemUtils.deleteRecursively(made);
    }
  }
}
