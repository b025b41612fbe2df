package io.ltri.index.search;

import io.ltri.index.cipher.TenantKeys;
import io.ltri.index.store.DocumentLayout;
import io.ltri.index.store.DocumentStore;
import io.ltri.index.store.FileLayer;
import io.ltri.index.store.LayerView;
import io.ltri.index.store.NewSpan;
import io.ltri.index.store.OpenDocument;
import io.ltri.index.store.RandomSpans;
import io.ltri.index.store.SealSession;
import io.ltri.index.store.SearchMode;
import io.ltri.index.store.StorageType;
import io.ltri.index.store.StoreSettings;
import io.ltri.index.store.TestKeys;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.springframework.util.FileSystemUtils;

/**
 * Not a test: prints what encryption costs, measured in turns on the same document with and without
 * a key. Layers of 1,100 spans of 18 tokens with 3 vectors, 2,048 candidate tokens, 9 query heads,
 * 3 KV heads, head dim 64, bf16, seed 1. Arguments: {@code layers}.
 */
final class CipherTimings {

  private static final int SPANS = 1_100;
  private static final int ROUNDS = 5;

  private CipherTimings() {}

  public static void main(String[] arguments) throws Exception {
    int layers = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 10;
    DocumentLayout layout = new DocumentLayout(layers, 9, 3, 64, StorageType.BF16, 0.125f);
    Path folder = Files.createTempDirectory("timings");
    try (SpanSearch search = new SpanSearch(2, new SearchLimits(64, 1 << 16))) {
      List<double[]> plain = new ArrayList<>();
      List<double[]> encrypted = new ArrayList<>();
      for (int round = 0; round <= ROUNDS; round++) {
        plain.add(run(folder.resolve("p" + round), TenantKeys.NONE, search, layout));
        encrypted.add(run(folder.resolve("e" + round), TestKeys.everybodys(), search, layout));
      }
      String[] names = {
        "append, a layer",
        "seal",
        "open",
        "look-up of 64 queries",
        "look-up of 1 query",
        "fetch of 14 spans"
      };
      for (int i = 0; i < names.length; i++) {
        double without = median(plain, i);
        double with = median(encrypted, i);
        System.out.printf(
            "%-22s %8.3f ms, encrypted %8.3f ms, ratio %.2f%n",
            names[i], without, with, with / without);
      }
    } finally {
      FileSystemUtils.deleteRecursively(folder);
    }
  }

  /** Of all rounds but the first. */
  private static double median(List<double[]> rounds, int i) {
    double[] all = rounds.stream().skip(1).mapToDouble(round -> round[i]).sorted().toArray();
    return all[all.length / 2];
  }

  private static double[] run(
      Path folder, TenantKeys keys, SpanSearch search, DocumentLayout layout) {
    double[] millis = new double[6];
    StoreSettings settings = new StoreSettings(folder, 10, 1_000_000, 16).with(keys);
    String id;
    try (DocumentStore store = new DocumentStore(settings, FileLayer.system())) {
      RandomSpans random = new RandomSpans(1, layout);
      id = store.create(layout, Map.of(), false).id();
      for (int layer = 0; layer < layout.layers(); layer++) {
        List<NewSpan> list = new ArrayList<>();
        for (int i = 0; i < SPANS; i++) {
          list.add(random.span(18 * i, 18 * i + 18, 3).span());
        }
        int at = layer;
        millis[0] += time(() -> store.append(id, at, list)) / layout.layers();
      }
      millis[1] =
          time(
              () -> {
                try (SealSession session = store.beginSeal(id)) {
                  session.finish(Map.of(), SearchMode.SCAN);
                }
              });
    }
    try (DocumentStore store = new DocumentStore(settings, FileLayer.system())) {
      millis[2] = time(() -> store.open(id).close());
      try (OpenDocument document = store.open(id)) {
        millis[3] = lookUps(search, document, layout, 64, 40);
        millis[4] = lookUps(search, document, layout, 1, 200);
        millis[5] = fetches(document, layout);
      }
    }
    return millis;
  }

  private static double lookUps(
      SpanSearch search, OpenDocument document, DocumentLayout layout, int queries, int times) {
    RandomSpans random = new RandomSpans(2, layout);
    float[] numbers = random.floats(layout.queryHeads() * queries * layout.headDim());
    double[] millis = new double[times];
    for (int i = 0; i < times; i++) {
      LookUp lookUp = new LookUp(i % layout.layers(), numbers, queries, 2_048, 512);
      millis[i] = time(() -> search.search(List.of(document), lookUp));
    }
    Arrays.sort(millis);
    return millis[times / 2];
  }

  private static double fetches(OpenDocument document, DocumentLayout layout) {
    double[] millis = new double[200];
    for (int i = 0; i < millis.length; i++) {
      LayerView layer = document.layer(i % layout.layers());
      int first = (97 * i) % (SPANS - 14);
      millis[i] =
          time(
              () -> {
                for (int span = first; span < first + 14; span++) {
                  byte[] unused = layer.keys(span).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
                  byte[] too = layer.values(span).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
                }
              });
    }
    Arrays.sort(millis);
    return millis[millis.length / 2];
  }

  private static double time(Runnable work) {
    long start = System.nanoTime();
    work.run();
    return (System.nanoTime() - start) / 1e6;
  }
}
