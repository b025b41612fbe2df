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
 * Not a test: prints how long look-ups take, and how much of a processor (with one thread). One
 * layer, 1,100 spans of 18 tokens with 3 vectors, 2,048 candidate tokens, 9 query heads, 3 KV
 * heads, head dim 64, bf16, seed 1. Arguments: {@code spans threads}.
 */
final class SearchTimings {

  private SearchTimings() {}

  public static void main(String[] arguments) throws Exception {
    int spans = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1_100;
    int threads = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 2;
    DocumentLayout layout = new DocumentLayout(1, 9, 3, 64, StorageType.BF16, 0.125f);
    RandomSpans random = new RandomSpans(1, layout);
    Path folder = Files.createTempDirectory("timings");
    try (DocumentStore store =
            new DocumentStore(new StoreSettings(folder, 10, 20_000, 16), FileLayer.system());
        SpanSearch search = new SpanSearch(threads, new SearchLimits(64, 1 << 16))) {
      String id = store.create(layout, Map.of(), false).id();
      List<NewSpan> list = new ArrayList<>();
      for (int i = 0; i < spans; i++) {
        list.add(random.span(18 * i, 18 * i + 18, 3).span());
      }
      store.append(id, 0, list);
      try (SealSession session = store.beginSeal(id)) {
        session.finish(Map.of(), SearchMode.SCAN);
      }
      long start = System.nanoTime();
      WarmUp.run(search);
      System.out.printf("warm-up: %.0f ms%n", (System.nanoTime() - start) / 1e6);
      for (int n : new int[] {64, 1, 8, 64, 1}) {
        try (OpenDocument document = store.open(id)) {
          time(search, document, layout, random, n);
        }
      }
    } finally {
      FileSystemUtils.deleteRecursively(folder);
    }
  }

  private static void time(
      SpanSearch search, OpenDocument document, DocumentLayout layout, RandomSpans random, int n) {
    LookUp lookUp =
        new LookUp(0, random.floats(layout.queryHeads() * n * layout.headDim()), n, 2_048, 512);
    int rounds = n == 1 ? 3_000 : 300;
    long[] nanos = new long[rounds];
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long processor = 0;
    for (int i = 0; i < rounds; i++) {
      if (i == rounds / 3) {
        processor = threads.getCurrentThreadCpuTime();
      }
      long start = System.nanoTime();
      search.search(List.of(document), lookUp);
      nanos[i] = System.nanoTime() - start;
    }
    processor = threads.getCurrentThreadCpuTime() - processor;
    System.out.printf(
        "%d queries: %.0f us of processor%n", n, processor / 1e3 / (rounds - rounds / 3));
    long first = nanos[0];
    long tenth = nanos[10];
    Arrays.sort(nanos, rounds / 3, rounds);
    System.out.printf(
        "%d queries: first %.2f ms, eleventh %.2f ms, then median %.3f ms, 90 %% below %.3f ms, best %.3f ms%n",
        n,
        first / 1e6,
        tenth / 1e6,
        nanos[rounds / 3 + rounds / 3] / 1e6,
        nanos[rounds / 3 + rounds * 6 / 10] / 1e6,
        nanos[rounds / 3] / 1e6);
  }
}
