package io.ltri.index.cluster;

import io.ltri.index.store.DocumentLayout;
import io.ltri.index.store.NewDocument;
import io.ltri.index.store.Origin;
import io.ltri.index.store.RandomSpans;
import io.ltri.index.store.SealSession;
import io.ltri.index.store.SearchMode;
import io.ltri.index.store.StorageType;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/**
 * How fast a node takes in a document of a shard that it is given: read from a folder, verified,
 * written and forced to the disk. Argument: spans of a layer, up to 18 tokens each, of 30 layers.
 */
public final class LoadTimings {

  private static final DocumentLayout LAYOUT =
      new DocumentLayout(30, 9, 3, 64, StorageType.BF16, 0.125f);

  private LoadTimings() {}

  public static void main(String[] arguments) throws Exception {
    Path folder = Files.createTempDirectory("load");
    Path library = Files.createDirectory(folder.resolve("library"));
    TestNode.Clock clock = new TestNode.Clock();
    try (TestNode one = new TestNode(folder.resolve("one"), library, clock).serveAll()) {
      String id =
          one.store.create(new NewDocument(LAYOUT, Map.of(), false, "", new Origin("", ""))).id();
      var spans =
          RandomSpans.news(
              new RandomSpans(1, LAYOUT).spans(Integer.parseInt(arguments[0]), 0, 18, 3));
      for (int layer = 0; layer < LAYOUT.layers(); layer++) {
        one.store.append(id, layer, spans);
      }
      try (SealSession session = one.store.beginSeal(id)) {
        session.tail("ids", ByteBuffer.wrap(new byte[] {1}));
        var unused = session.finish(Map.of(), SearchMode.SCAN);
      }
      double megabytes = one.store.summary(id).sizeBytes() / 1e6;
      for (int run = 0; run < 4; run++) {
        try (TestNode two = new TestNode(folder.resolve("two" + run), library, clock)) {
          long start = System.nanoTime();
          two.serveAll();
          double seconds = (System.nanoTime() - start) / 1e9;
          System.out.println(
              String.format(
                  Locale.ROOT,
                  "%.0f MB in %.2f s, %.0f MB/s",
                  megabytes,
                  seconds,
                  megabytes / seconds));
        }
      }
    }
  }
}
