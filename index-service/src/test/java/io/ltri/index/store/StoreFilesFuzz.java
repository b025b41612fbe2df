package io.ltri.index.store;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.ltri.fuzzing.Fuzzed;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * The small files of a store, with checksums that are right: the first byte says which one the rest
 * is.
 */
final class StoreFilesFuzz implements Fuzzed {

  private static final Gson GSON = new com.google.gson.GsonBuilder().disableHtmlEscaping().create();
  private static final int FOOTER = 24;

  private final Path folder;

  StoreFilesFuzz() throws IOException {
    folder = Files.createTempDirectory("fuzzed");
  }

  @Override
  public List<byte[]> seeds() throws IOException {
    DocumentFacts facts = new DocumentFacts("acme", 5, 6, 7, true, Map.of("tag", "x"), 8);
    Checkpoint checkpoint =
        new Checkpoint(
            Checkpoint.FORMAT_VERSION,
            "key",
            new Origin("acme", ""),
            new DocumentLayout(2, 4, 2, 16, StorageType.BF16, 0.25f),
            Map.of("title", "t"),
            1,
            2,
            3,
            64,
            5,
            24,
            List.of(new Checkpoint.RangeEnds(640, 4096)),
            List.of(
                BuiltLayer.EMPTY,
                new BuiltLayer(1, 2, 3, 3, 9, List.of(new Extent(0, 48, 0)), List.of())),
            List.of(new Boundary(64, 3, 24, List.of(0, 1))),
            null);
    String deleted =
        "{\"id\":\"a\",\"tenant\":\"acme\",\"deleted_at_millis\":5,\"freed_bytes\":6,\"reason\":\"deleted\"}\n";
    Path tail = Files.createTempDirectory(folder, "tail");
    try (TailFile.Writer writer = new TailFile.Writer(FileLayer.system(), tail)) {
      writer.write("ids", ByteBuffer.wrap(new byte[40]));
      writer.write("keys", ByteBuffer.wrap(new byte[9]));
      String unused = writer.finish();
    }
    String sound = new String(inner(checkpoint.toJson(), "checkpoint"), StandardCharsets.UTF_8);
    return List.of(
        seed(0, inner(FactsFile.toJson(facts), "facts")),
        seed(0, "{\"format_version\":1,\"labels\":{\"a\":null}}".getBytes(StandardCharsets.UTF_8)),
        seed(1, sound.getBytes(StandardCharsets.UTF_8)),
        seed(1, sound.replace("layers_per_file", "x").getBytes(StandardCharsets.UTF_8)),
        seed(1, sound.replace("\"layers\":2", "\"layers\":-2").getBytes(StandardCharsets.UTF_8)),
        seed(
            1, sound.replace("\"ranges\":[", "\"ranges\":[null,").getBytes(StandardCharsets.UTF_8)),
        seed(1, sound.replace("\"origin\"", "\"x\"").getBytes(StandardCharsets.UTF_8)),
        seed(
            1,
            sound
                .replace("\"blocks\":640", "\"blocks\":9223372036854775807")
                .getBytes(StandardCharsets.UTF_8)),
        seed(2, (deleted + deleted).getBytes(StandardCharsets.UTF_8)),
        seed(3, "[\"tail: it is damaged\"]".getBytes(StandardCharsets.UTF_8)),
        seed(4, Files.readAllBytes(tail.resolve(TailFile.FILE))));
  }

  private static byte[] inner(byte[] json, String name) {
    return GSON.toJson(
            JsonParser.parseString(new String(json, StandardCharsets.UTF_8))
                .getAsJsonObject()
                .get(name))
        .getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] seed(int kind, byte[] content) {
    ByteArrayOutputStream seed = new ByteArrayOutputStream();
    seed.write(kind);
    seed.writeBytes(content);
    return seed.toByteArray();
  }

  @Override
  public List<String> words() {
    return List.of(
        "\"format_version\":1,",
        "\"labels\":{",
        "\"labels\":null",
        "\"tenant\":null",
        "\"origin\":null",
        "\"layout\":null",
        "\"ranges\":[]",
        "\"layers\":[]",
        "\"layers\":[null]",
        "\"ranges\":[null]",
        "\"reason\":\"expired\"",
        "\n");
  }

  @Override
  public void read(byte[] input) throws IOException {
    if (input.length == 0) {
      return;
    }
    byte[] content = Arrays.copyOfRange(input, 1, input.length);
    switch (Math.floorMod(input[0], 5)) {
      case 0 -> {
        Files.write(folder.resolve(FactsFile.FILE), summed(content, "facts"));
        DocumentFacts facts = FactsFile.read(folder);
        if (facts != null) {
          Files.write(folder.resolve(FactsFile.FILE), FactsFile.toJson(facts));
          if (!facts.equals(FactsFile.read(folder))) {
            throw new AssertionError("written and read it is another: " + facts);
          }
        }
      }
      case 1 -> checkpoint(Checkpoint.fromJson(summed(content, "checkpoint")));
      case 2 -> {
        Files.write(folder.resolve(DeletionLog.FILE), content);
        DeletionLog log = new DeletionLog(FileLayer.system(), folder);
        List<DeletedDocument> unused = log.newest(0);
      }
      case 3 -> {
        Files.write(folder.resolve(DamageMarks.FILE), content);
        List<String> unused = new DamageMarks(FileLayer.system(), folder, "d").list();
      }
      default -> tail(content);
    }
  }

  private static void checkpoint(Checkpoint checkpoint) {
    if (checkpoint == null) {
      return;
    }
    DocumentSummary summary = checkpoint.summary("id");
    if (summary.sizeBytes() < 0) {
      throw new AssertionError("accepted, though it makes no sense: " + checkpoint);
    }
    LayerRange[] ranges = LayerRange.of(checkpoint.layout().layers(), checkpoint.layersPerFile());
    for (int i = 0; i < ranges.length; i++) {
      long unused = checkpoint.ranges().get(i).blocks() + checkpoint.origin().tenant().length();
    }
    for (BuiltLayer layer : checkpoint.layers()) {
      if (layer.spans() > 0) {
        int unused = Extent.find(layer.recordExtents(), layer.spans() - 1);
      }
    }
    if (!checkpoint.equals(Checkpoint.fromJson(checkpoint.toJson()))) {
      throw new AssertionError("written and read it is another: " + checkpoint);
    }
  }

  /** With a checksum over its table that is right, where it has a table. */
  private static void tail(byte[] bytes) {
    ByteBuffer tail = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int footer = bytes.length - FOOTER;
    if (footer >= 0) {
      long table = tail.getLong(footer);
      if (table >= 0 && table <= footer) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes, (int) table, footer - (int) table);
        tail.putInt(footer + 12, (int) checksum.getValue());
      }
    }
    MemorySegment memory = MemorySegment.ofArray(bytes);
    try {
      for (TailFile.Section section :
          new ArrayList<>(TailFile.sections(memory, TailFile.FILE, "d"))) {
        MemorySegment unused = TailFile.read(memory, section, TailFile.FILE, "d");
      }
    } catch (DataLossException refused) {
      // As it should be.
    }
  }

  private static byte[] summed(byte[] json, String name) {
    try {
      JsonObject inner =
          JsonParser.parseString(new String(json, StandardCharsets.UTF_8)).getAsJsonObject();
      CRC32C checksum = new CRC32C();
      checksum.update(GSON.toJson(inner).getBytes(StandardCharsets.UTF_8));
      JsonObject whole = new JsonObject();
      whole.add(name, inner);
      whole.addProperty("crc32c", "%08x".formatted((int) checksum.getValue()));
      return GSON.toJson(whole).getBytes(StandardCharsets.UTF_8);
    } catch (JsonParseException | IllegalStateException e) {
      return json;
    }
  }

  @Override
  public void close() throws IOException {
    FolderTree.delete(FileLayer.system(), folder);
  }
}
