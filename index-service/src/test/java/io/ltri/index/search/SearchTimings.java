package io.ltri.index.search;

import io.ltri.index.store.DocumentLayout;
import io.ltri.index.store.DocumentStore;
import io.ltri.index.store.FileLayer;
import io.ltri.index.store.NewSpan;
import io.ltri.index.store.OpenDocument;
import io.ltri.index.store.RandomSpans;
import io.ltri.index.store.SealSession;
import io.ltri.index.store.SearchMode;
import io.ltri.index.store.StorageType;
import io.ltri.index.store.StoreSettings;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.springframework.util.FileSystemUtils;

/**
 * Not a test: prints how long look-ups take, and how much of a processor (with one thread). Spans
 * of 18 tokens with 2 vectors, 2,048 candidate tokens, 9 query heads, 3 KV heads, head dim 64,
 * bf16, seed 1. The layers are looked up in turn, as a decode step does, so that caches hold what
 * they would hold then. Arguments: {@code spans threads layers}; by default 1,820 spans (a text of
 * some 32,000 tokens), one thread, 30 layers.
 */
final class SearchTimings {

  private SearchTimings() {}

  public static void main(String[] arguments) throws Exception {
    int spans = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1_820;
    int threads = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 1;
    int layers = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 30;
    DocumentLayout layout = new DocumentLayout(layers, 9, 3, 64, StorageType.BF16, 0.125f);
    RandomSpans random = new RandomSpans(1, layout);
    Path folder = Files.createTempDirectory("timings");
    try (DocumentStore store =
            new DocumentStore(new StoreSettings(folder, 10, 20_000, 16), FileLayer.system());
        SpanSearch search = new SpanSearch(threads, new SearchLimits(64, 1 << 16))) {
      String id = store.create(layout, Map.of(), false).id();
      for (int layer = 0; layer < layers; layer++) {
        List<NewSpan> list = new ArrayList<>();
        for (int i = 0; i < spans; i++) {
          list.add(random.span(18 * i, 18 * i + 18, 2).span());
        }
        store.append(id, layer, list);
      }
      try (SealSession session = store.beginSeal(id)) {
        session.finish(Map.of(), SearchMode.SCAN);
      }
      long start = System.nanoTime();
      WarmUp.run(search);
      System.out.printf("warm-up: %.0f ms%n", (System.nanoTime() - start) / 1e6);
      try (OpenDocument document = store.open(id)) {
        for (int round = 0; round < 3; round++) {
          for (int n : new int[] {1, 8, 64}) {
            time(search, document, layout, random, n, true);
            time(search, document, layout, random, n, false);
          }
        }
      }
    } finally {
      FileSystemUtils.deleteRecursively(folder);
    }
  }

  private static void time(
      SpanSearch search,
      OpenDocument document,
      DocumentLayout layout,
      RandomSpans random,
      int n,
      boolean oneStage) {
    int layers = layout.layers();
    int rounds = (n == 1 ? 3_000 : 300) / layers * layers;
    List<LookUp> lookUps = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      lookUps.add(
          new LookUp(
              layer,
              random.floats(layout.queryHeads() * n * layout.headDim()),
              n,
              2_048,
              512,
              LookUp.StageOne.SUM,
              oneStage));
    }
    long[] nanos = new long[rounds];
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long processor = threads.getCurrentThreadCpuTime();
    for (int i = 0; i < rounds; i++) {
      long start = System.nanoTime();
      search.search(List.of(document), lookUps.get(i % layers));
      nanos[i] = System.nanoTime() - start;
    }
    processor = threads.getCurrentThreadCpuTime() - processor;
    Arrays.sort(nanos);
    System.out.printf(
        "%2d queries, %s: %.0f us of processor, median %.0f us, 90 %% below %.0f us, best %.0f us%n",
        n,
        oneStage ? "stage one " : "both stages",
        processor / 1e3 / rounds,
        nanos[rounds / 2] / 1e3,
        nanos[rounds * 9 / 10] / 1e3,
        nanos[0] / 1e3);
  }
}
