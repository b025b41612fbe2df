package io.ltri.index.store;

import io.ltri.fuzzing.Fuzzed;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/** A manifest whose checksum is right: the input is the JSON that it covers. */
final class ManifestFuzz implements Fuzzed {

  private static final String FIRST = "{\"crc32c\":\"%08x\",\"document\":\n";
  private static final String LAST = "\n}\n";

  static Manifest sample() {
    DocumentLayout layout = new DocumentLayout(2, 4, 2, 16, StorageType.BF16, 0.25f);
    Manifest.FileEntry[] files = {
      entry("tail", 24),
      entry("blocks-0000-0001", 640),
      entry("spans-0000-0001", 96),
      entry("boundary-2", 24),
      entry(VectorFolder.FOLDER + "/segments_1", 10)
    };
    return new Manifest(
        "0123abcd",
        layout,
        Map.of("title", "\u00e4"),
        1,
        2,
        SearchMode.GRAPH,
        2,
        List.of(new Manifest.LayerCounts(1, 2, 3), new Manifest.LayerCounts(0, 0, 0)),
        List.of(files),
        List.of(new Boundary(64, 2, 24, List.of(1, 0))),
        new Origin("acme", "4567cdef", 32),
        null);
  }

  private static Manifest.FileEntry entry(String name, long bytes) {
    return new Manifest.FileEntry(name, bytes, 7, "ab".repeat(32));
  }

  /** With the frame and the checksum that belong to it. */
  static byte[] framed(byte[] json) {
    CRC32C checksum = new CRC32C();
    checksum.update(json);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(FIRST.formatted((int) checksum.getValue()).getBytes(StandardCharsets.UTF_8));
    out.writeBytes(json);
    out.writeBytes(LAST.getBytes(StandardCharsets.UTF_8));
    return out.toByteArray();
  }

  /** What the frame holds. */
  static byte[] inner(byte[] manifest) {
    return Arrays.copyOfRange(
        manifest, FIRST.formatted(0).length(), manifest.length - LAST.length());
  }

  @Override
  public List<byte[]> seeds() {
    String sound = new String(inner(sample().toJson()), StandardCharsets.UTF_8);
    return Stream.of(
            sound,
            sound.replace("\"layers\": 2", "\"layers\": -2147483648"),
            sound.replace("\"id\": \"0123abcd\"", "\"id\": null"),
            sound.replace("\"bytes\": 640", "\"bytes\": 9223372036854775807"),
            sound.replace("\"layers_per_file\": 2", "\"layers_per_file\": 2147483647"),
            "[".repeat(100_000))
        .map(json -> json.getBytes(StandardCharsets.UTF_8))
        .toList();
  }

  @Override
  public List<String> words() {
    return List.of(
        "\"format_version\":4,",
        "\"layers_per_file\":2147483647,",
        "\"tenant\":null",
        "\"parent_id\":[]",
        "\"crc32c\":\"ffffffff\"",
        "\"SCAN\"",
        "\"FP32\"",
        "vectors/../../x",
        "blocks-0000-0000");
  }

  @Override
  public void read(byte[] input) {
    try {
      Manifest manifest = Manifest.fromJson(framed(input), "id", Path.of("m"));
      DocumentSummary summary = manifest.summary();
      if (summary.sizeBytes() < 0 || summary.spans() < 0 || manifest.ranges().length == 0) {
        throw new AssertionError("accepted, though it makes no sense: " + summary);
      }
      Manifest again = Manifest.fromJson(manifest.toJson(), "id", Path.of("m"));
      if (!again.equals(manifest)) {
        throw new AssertionError("written and read it is another: " + again);
      }
    } catch (DataLossException refused) {
      // As it should be.
    }
  }
}
