package io.ltri.index.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Makes small documents for tests, and measures what they take on the disk. */
final class Documents {

  static final DocumentLayout LAYOUT = new DocumentLayout(3, 4, 2, 16, StorageType.BF16, 0.25f);

  private Documents() {}

  /** A sealed document of so many spans in its first layer. */
  static DocumentSummary sealed(DocumentStore store, String tenant, int spans, SealFacts facts) {
    String id = building(store, tenant, spans);
    return seal(store, id, facts);
  }

  static String building(DocumentStore store, String tenant, int spans) {
    String id =
        store.create(new NewDocument(LAYOUT, Map.of(), false, "", new Origin(tenant, ""))).id();
    RandomSpans random = new RandomSpans(spans, LAYOUT);
    for (int i = 0; i < spans; i++) {
      store.append(id, 0, List.of(random.span(10 * i, 10 * i + 10, 1).span()));
    }
    return id;
  }

  static DocumentSummary seal(DocumentStore store, String id, SealFacts facts) {
    try (SealSession session = store.beginSeal(id)) {
      session.tail("ids", ByteBuffer.allocate(1000));
      return session.finish(Map.of(), SearchMode.SCAN, facts);
    }
  }

  /** Bytes on the disk of a folder and all below it, by the system's own count. */
  static long diskBytes(Path folder) {
    try {
      Process process =
          new ProcessBuilder("du", "-s", "-k", folder.toString())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String line = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return 1024 * Long.parseLong(line.substring(0, line.indexOf('\t')));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<Path> files(Path folder) throws IOException {
    try (var paths = Files.walk(folder)) {
      return paths.filter(Files::isRegularFile).sorted().toList();
    }
  }
}
