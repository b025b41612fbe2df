package io.ltri.index.store;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.ltri.fuzzing.Fuzzed;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.lucene.codecs.CodecUtil;
import org.slf4j.LoggerFactory;

/**
 * The file of an exported document, made by somebody who means harm: the first byte says which of
 * its files the rest is, or that it is the whole file; sizes and checksums of the manifest are made
 * to fit. What is taken in is read and searched to the end.
 */
final class ImportFuzz implements Fuzzed {

  private static final int FOOTER = 16;
  private static final VerifyProgress QUIET = (read, total) -> {};

  private static final String GRAPH_SIZE =
      "0c3fd76c171d4c7563656e653939486e7377566563746f7273466f726d61744d65746100000001ff"
          + "65195695908be90d600581ff76ae371b4c7563656e653939486e7377566563746f7273466f726d61"
          + "745f3001000000010000000300000053150405000000100201046800000000000000100000000000"
          + "0000000000804000000000000000000202000000000000000300000001000000030000006a0c0404"
          + "000000100176000000000000001000000000000000000000404000000000000000000000000000a3"
          + "000000ffffffffc02893e80000000000000000aa563033";
  private static final String TABLE_SIZE =
      "0d3fd76c171d4c7563656e653939466c6174566563746f7273466f726d61744d65746100000000d2"
          + "c06ac7f0521ebbfdc7549c9eca27e71b4c7563656e653939486e7377566563746f7273466f726d61"
          + "745f300100000001000000030000008001500405000000ffffffffffffffff0000000000000000ff"
          + "ffff0300000001000000030000006d616e69666573742e6a736f6e80024004040000004001000000"
          + "000000120000000000000000000952010000000000001000000000000000000000803f0000000000"
          + "000000000000000000000000ffffffffc02893e80000000000000000139ad51b";

  private final Path home;
  private final DocumentStore store;
  private final Map<String, byte[]> files = new LinkedHashMap<>();
  private final Manifest manifest;
  private final byte[] whole;

  ImportFuzz() throws IOException {
    // Hundreds of damaged documents are as many lines.
    ((Logger) LoggerFactory.getLogger(DamageMarks.class)).setLevel(Level.OFF);
    Path memory = Path.of("/dev/shm");
    home =
        Files.isWritable(memory)
            ? Files.createTempDirectory(memory, "fuzzed")
            : Files.createTempDirectory("fuzzed");
    DocumentLayout layout = new DocumentLayout(2, 2, 1, 4, StorageType.BF16, 0.5f);
    try (DocumentStore from = open("from")) {
      String id = from.create(layout, Map.of("title", "t"), false).id();
      for (int layer = 0; layer < 2; layer++) {
        RandomSpans random = new RandomSpans(layer, layout);
        from.append(id, layer, RandomSpans.news(random.spans(4, 0, 3, 2)));
      }
      try (SealSession session = from.beginSeal(id)) {
        session.tail("ids", ByteBuffer.allocate(40));
        DocumentSummary unused = session.finish(Map.of(), SearchMode.GRAPH);
      }
      whole = DocumentFileTest.export(from, id);
      Path folder = home.resolve("from/documents").resolve(id);
      manifest = Manifest.read(id, folder);
      for (Manifest.FileEntry entry : manifest.files()) {
        files.put(entry.name(), Files.readAllBytes(folder.resolve(entry.name())));
      }
    }
    store = open("to");
  }

  private DocumentStore open(String name) {
    return new DocumentStore(new StoreSettings(home.resolve(name), 2, 500, 1), FileLayer.system());
  }

  @Override
  public List<byte[]> seeds() {
    List<byte[]> seeds = new ArrayList<>();
    for (byte[] file : files.values()) {
      seeds.add(seed(seeds.size(), file));
    }
    seeds.add(seed(seeds.size(), ManifestFuzz.inner(manifest.toJson())));
    seeds.add(seed(seeds.size(), whole));
    seeds.addAll(harmful());
    return seeds;
  }

  /**
   * A graph and a table of vectors with impossible sizes in them; a span table without entries;
   * codes of other vectors.
   */
  List<byte[]> harmful() {
    byte[] spans = files.get("spans-0000-0001");
    byte[] codes = files.get(CodesFile.NAME).clone();
    codes[64 + SummaryCodes.CODES]++;
    return List.of(
        HexFormat.of().parseHex(GRAPH_SIZE),
        HexFormat.of().parseHex(TABLE_SIZE),
        seed(List.copyOf(files.keySet()).indexOf("spans-0000-0001"), Arrays.copyOf(spans, 91)),
        seed(List.copyOf(files.keySet()).indexOf(CodesFile.NAME), codes));
  }

  private static byte[] seed(int kind, byte[] content) {
    ByteArrayOutputStream seed = new ByteArrayOutputStream();
    seed.write(kind);
    seed.writeBytes(content);
    return seed.toByteArray();
  }

  @Override
  public List<String> words() {
    return List.of("manifest.json", "ustar", "../../x", "/etc/x", "\"spans\":", "\"vectors\":");
  }

  @Override
  public void read(byte[] input) throws IOException {
    boolean unused = input.length > 0 && isTaken(input);
  }

  /** Whether it is taken in; then everything of it was used, and it is gone again. */
  boolean isTaken(byte[] input) throws IOException {
    byte[] content = Arrays.copyOfRange(input, 1, input.length);
    int kind = Math.floorMod(input[0], files.size() + 2);
    byte[] file = kind == files.size() + 1 ? content : exported(kind, content);
    DocumentSummary imported;
    try {
      imported = DocumentFileTest.take(store, file, 5_000);
    } catch (DataLossException | InvalidInputException | NoRoomException refused) {
      if (!store.list(true).isEmpty()
          || !FolderTree.list(home.resolve("to/documents/.importing")).isEmpty()) {
        throw new AssertionError("it was refused, but something is left of it", refused);
      }
      return false;
    }
    use(imported.id());
    long unused = store.delete(imported.id());
    return true;
  }

  private byte[] exported(int kind, byte[] content) throws IOException {
    Map<String, byte[]> all = new LinkedHashMap<>(files);
    List<String> names = List.copyOf(files.keySet());
    List<Manifest.FileEntry> entries = new ArrayList<>();
    if (kind < names.size()) {
      all.put(names.get(kind), footed(names.get(kind), content));
    }
    for (Manifest.FileEntry entry : manifest.files()) {
      byte[] bytes = all.get(entry.name());
      CRC32C checksum = new CRC32C();
      checksum.update(bytes);
      String sha256 = HexFormat.of().formatHex(FileReading.sha256().digest(bytes));
      entries.add(
          new Manifest.FileEntry(entry.name(), bytes.length, (int) checksum.getValue(), sha256));
    }
    byte[] described =
        kind == names.size()
            ? ManifestFuzz.framed(content)
            : new Manifest(
                    manifest.id(),
                    manifest.layout(),
                    manifest.attributes(),
                    1,
                    2,
                    manifest.searchMode(),
                    manifest.layersPerFile(),
                    manifest.layers(),
                    entries,
                    manifest.boundaries(),
                    Origin.NONE,
                    null)
                .toJson();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(out)) {
      add(tar, Manifest.FILE, described);
      for (Map.Entry<String, byte[]> file : all.entrySet()) {
        add(tar, file.getKey(), file.getValue());
      }
    }
    return out.toByteArray();
  }

  /** With Lucene's own footer, which is right as well. */
  private static byte[] footed(String name, byte[] content) {
    if (!name.startsWith(VectorFolder.FOLDER)
        || name.equals(CodesFile.NAME)
        || content.length < FOOTER) {
      return content;
    }
    ByteBuffer file = ByteBuffer.wrap(content.clone());
    file.putInt(content.length - FOOTER, CodecUtil.FOOTER_MAGIC);
    file.putInt(content.length - FOOTER + 4, 0);
    CRC32 checksum = new CRC32();
    checksum.update(file.array(), 0, content.length - 8);
    return file.putLong(content.length - 8, checksum.getValue()).array();
  }

  private void add(TarArchiveOutputStream tar, String name, byte[] bytes) throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(manifest.id() + "/" + name, true);
    entry.setSize(bytes.length);
    tar.putArchiveEntry(entry);
    tar.write(bytes);
    tar.closeArchiveEntry();
  }

  /** Everything that can be done with it either works or says that it is damaged. */
  private void use(String id) {
    List<String> unused = store.verify(id, QUIET);
    try (OpenDocument document = store.open(id)) {
      for (int layer = 0; layer < document.layout().layers(); layer++) {
        useLayer(document, layer);
      }
    } catch (DataLossException refused) {
      return;
    }
    try (DocumentTail tail = store.openTail(id)) {
      for (String section : tail.sections()) {
        MemorySegment bytes = tail.read(section);
      }
    } catch (DataLossException refused) {
      // As it should be.
    }
  }

  private static void useLayer(OpenDocument document, int number) {
    LayerView layer = document.layer(number);
    for (int head = 0; head < document.layout().kvHeads(); head++) {
      long bytes = 0;
      for (LayerView.VectorRun run : layer.runs(head)) {
        bytes += Checksums.of(run.vectors());
      }
      LayerView.VectorGraph graph = layer.graph(head);
      if (graph != null) {
        int[] nearest = graph.nearest(new float[document.layout().headDim()], 2);
      }
    }
    for (int span = 0; span < layer.spanCount(); span++) {
      try {
        int keys = Checksums.of(layer.keys(span));
        int values = Checksums.of(layer.values(span));
      } catch (DataLossException refused) {
        // As it should be.
      }
    }
  }

  @Override
  public void close() throws IOException {
    store.close();
    FolderTree.delete(FileLayer.system(), home);
  }
}
