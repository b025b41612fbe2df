package io.ltri.index.store;

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.springframework.util.FileSystemUtils;

/**
 * Not a test: prints how long it takes to fill, seal and open a document, and how much heap is in
 * use (after a collection) meanwhile. 30 layers, 9 query heads, 3 KV heads, head dim 64, bf16,
 * spans of 18 tokens with 3 vectors, seed 1. Arguments: {@code spans [SCAN|GRAPH]}.
 */
final class StoreTimings {

  private StoreTimings() {}

  public static void main(String[] arguments) throws Exception {
    int spans = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1_100;
    SearchMode mode = SearchMode.valueOf(arguments.length > 1 ? arguments[1] : "SCAN");
    DocumentLayout layout = new DocumentLayout(30, 9, 3, 64, StorageType.BF16, 0.125f);
    Path folder = Files.createTempDirectory("timings");
    StoreSettings settings = new StoreSettings(folder, 10, 20_000, 16);
    String id;
    try (DocumentStore store = new DocumentStore(settings, FileLayer.system())) {
      id = store.create(layout, Map.of(), false).id();
      RandomSpans random = new RandomSpans(1, layout);
      print("created");
      long nanos = 0;
      for (int from = 0; from < spans; from += 28) {
        for (int layer = 0; layer < layout.layers(); layer++) {
          List<NewSpan> list = new ArrayList<>();
          for (int i = from; i < Math.min(spans, from + 28); i++) {
            list.add(random.span(18 * i, 18 * i + 18, 3).span());
          }
          long start = System.nanoTime();
          store.append(id, layer, list);
          nanos += System.nanoTime() - start;
        }
      }
      print("appended in %.0f ms".formatted(nanos / 1e6));
      long start = System.nanoTime();
      try (SealSession session = store.beginSeal(id)) {
        DocumentSummary summary = session.finish(Map.of(), mode);
        print(
            "sealed %d MB in %.0f ms"
                .formatted(summary.sizeBytes() >> 20, (System.nanoTime() - start) / 1e6));
      }
    }
    long start = System.nanoTime();
    try (DocumentStore store = new DocumentStore(settings, FileLayer.system());
        OpenDocument document = store.open(id)) {
      print("opened %s in %.0f ms".formatted(document.id(), (System.nanoTime() - start) / 1e6));
    } finally {
      FileSystemUtils.deleteRecursively(folder);
    }
  }

  private static void print(String what) {
    System.gc();
    long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    System.out.printf("%s; heap in use %.1f MB%n", what, heap / 1e6);
  }
}
