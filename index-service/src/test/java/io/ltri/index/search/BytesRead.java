package io.ltri.index.search;

import io.ltri.index.store.DocumentLayout;
import io.ltri.index.store.DocumentStore;
import io.ltri.index.store.DocumentTail;
import io.ltri.index.store.FileLayer;
import io.ltri.index.store.LayerView;
import io.ltri.index.store.NewSpan;
import io.ltri.index.store.OpenDocument;
import io.ltri.index.store.RandomSpans;
import io.ltri.index.store.SealSession;
import io.ltri.index.store.SearchMode;
import io.ltri.index.store.StorageType;
import io.ltri.index.store.StoreSettings;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.springframework.util.FileSystemUtils;

/**
 * Not a test: prints how many bytes of a document are read from the disk when a new process opens
 * it and looks up every layer once. The document's pages are dropped from the page cache before
 * (posix_fadvise), and counted afterwards (mincore), so read-ahead is in the figures. Linux only.
 * 30 layers, 9 query heads, 3 KV heads, head dim 64, bf16, spans of 18 tokens with 3 vectors; per
 * layer one look-up of 64 queries, 2,048 candidate tokens, and the blocks of the best 256 tokens;
 * seed 1. Arguments: {@code folder tokens [SCAN|GRAPH]}.
 */
final class BytesRead {

  private static final DocumentLayout LAYOUT =
      new DocumentLayout(30, 9, 3, 64, StorageType.BF16, 0.125f);
  private static final int SPAN_TOKENS = 18;
  private static final int SPAN_VECTORS = 3;
  private static final int QUERIES = 64;
  private static final int TAIL_BYTES = 24 << 20;

  private BytesRead() {}

  public static void main(String[] arguments) throws Throwable {
    Path folder = Files.createTempDirectory(Path.of(arguments[0]), "bytes-read");
    int spans = Integer.parseInt(arguments[1]) / SPAN_TOKENS;
    SearchMode mode = SearchMode.valueOf(arguments.length > 2 ? arguments[2] : "SCAN");
    StoreSettings settings = new StoreSettings(folder, 10, 20_000, 16);
    try {
      String id = build(settings, spans, mode);
      Path document = folder.resolve("documents").resolve(id);
      for (Path file : files(document)) {
        dropFromCache(file);
      }
      print("dropped", document, new TreeMap<>());
      Map<String, Long> needed = new TreeMap<>();
      try (SpanSearch search = new SpanSearch(2, new SearchLimits(QUERIES, 1 << 16))) {
        search.warmUp();
        long start = System.nanoTime();
        try (DocumentStore store = new DocumentStore(settings, FileLayer.system())) {
          use(store, search, id, needed);
          System.out.printf("all in %.0f ms%n", (System.nanoTime() - start) / 1e6);
          print("used", document, needed);
        }
      }
    } finally {
      FileSystemUtils.deleteRecursively(folder);
    }
  }

  private static String build(StoreSettings settings, int spans, SearchMode mode) {
    Random random = new Random(1);
    float[] pool = new RandomSpans(1, LAYOUT).floats(1 << 20);
    ByteBuffer vectors = ByteBuffer.allocateDirect(4 * pool.length).order(ByteOrder.LITTLE_ENDIAN);
    vectors.asFloatBuffer().put(pool);
    ByteBuffer keys = ByteBuffer.allocateDirect(2 * pool.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float number : pool) {
      keys.putShort((short) (Float.floatToIntBits(number) >>> 16));
    }
    int part = (int) LAYOUT.partBytes(SPAN_TOKENS);
    int vectorBytes = SPAN_VECTORS * LAYOUT.kvHeads() * LAYOUT.vectorBytes();
    try (DocumentStore store = new DocumentStore(settings, FileLayer.system())) {
      String id = store.create(LAYOUT, Map.of(), false).id();
      for (int from = 0; from < spans; from += 28) {
        for (int layer = 0; layer < LAYOUT.layers(); layer++) {
          List<NewSpan> list = new ArrayList<>();
          for (int i = from; i < Math.min(spans, from + 28); i++) {
            list.add(
                new NewSpan(
                    SPAN_TOKENS * i,
                    SPAN_TOKENS * (i + 1),
                    0,
                    0,
                    cut(vectors, random, vectorBytes),
                    cut(keys, random, part),
                    cut(keys, random, part)));
          }
          store.append(id, layer, list);
        }
      }
      try (SealSession session = store.beginSeal(id)) {
        session.tail("state", ByteBuffer.allocate(TAIL_BYTES));
        session.tail("tokens", ByteBuffer.allocate(4 * SPAN_TOKENS * spans));
        session.finish(Map.of(), mode);
      }
      return id;
    }
  }

  private static ByteBuffer cut(ByteBuffer pool, Random random, int bytes) {
    return pool.slice(4 * random.nextInt((pool.capacity() - bytes) / 4), bytes);
  }

  private static void use(
      DocumentStore store, SpanSearch search, String id, Map<String, Long> needed) {
    needed.put("spans", store.summary(id).spans() * 48);
    needed.put("vectors", store.summary(id).vectors() * LAYOUT.kvHeads() * LAYOUT.vectorBytes());
    long heap = heapInUse();
    long start = System.nanoTime();
    store.open(id).close();
    System.out.printf("opened in %.0f ms%n", (System.nanoTime() - start) / 1e6);
    System.out.printf("heap of an open document: %.2f MB%n", (heapInUse() - heap) / 1e6);
    start = System.nanoTime();
    long tail = 0;
    try (DocumentTail sections = store.openTail(id)) {
      for (String section : sections.sections()) {
        tail += sections.read(section).byteSize();
      }
    }
    needed.put("tail", tail);
    System.out.printf("tail read in %.0f ms%n", (System.nanoTime() - start) / 1e6);
    start = System.nanoTime();
    long blocks = 0;
    RandomSpans random = new RandomSpans(2, LAYOUT);
    try (OpenDocument document = store.open(id)) {
      for (int layer = 0; layer < LAYOUT.layers(); layer++) {
        float[] queries = random.floats(LAYOUT.queryHeads() * QUERIES * LAYOUT.headDim());
        LookUpAnswer answer =
            search.search(List.of(document), new LookUp(layer, queries, QUERIES, 2_048, 256));
        blocks += LAYOUT.partBytes(1) * answer.tokensRescored();
        LayerView view = document.layer(layer);
        for (LookUpAnswer.Candidate candidate : answer.candidates()) {
          view.keys(candidate.span());
          blocks += view.values(candidate.span()).byteSize();
        }
      }
    }
    needed.put("blocks", blocks);
    System.out.printf(
        "%d look-ups and their blocks in %.0f ms%n",
        LAYOUT.layers(), (System.nanoTime() - start) / 1e6);
  }

  private static long heapInUse() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static List<Path> files(Path document) throws java.io.IOException {
    try (var paths = Files.walk(document)) {
      return paths.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static void print(String when, Path document, Map<String, Long> needed) throws Throwable {
    Map<String, long[]> kinds = new TreeMap<>();
    for (Path file : files(document)) {
      String kind = document.relativize(file).toString().split("[-/]", 2)[0];
      long[] sums = kinds.computeIfAbsent(kind, k -> new long[2]);
      sums[0] += Files.size(file);
      sums[1] += cachedBytes(file);
    }
    System.out.printf("%s; MB:  size  needed  in memory%n", when);
    kinds.forEach(
        (kind, sums) ->
            System.out.printf(
                "  %-14s %10.1f %10.1f %10.1f%n",
                kind, sums[0] / 1e6, needed.getOrDefault(kind, 0L) / 1e6, sums[1] / 1e6));
  }

  // -- the page cache
  // ----------------------------------------------------------------------------------------------

  private static final Linker LINKER = Linker.nativeLinker();

  private static MethodHandle function(
      String name, FunctionDescriptor shape, Linker.Option... options) {
    return LINKER.downcallHandle(LINKER.defaultLookup().find(name).orElseThrow(), shape, options);
  }

  private static void dropFromCache(Path file) throws Throwable {
    MethodHandle open =
        function(
            "open",
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
    MethodHandle advise =
        function(
            "posix_fadvise",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT));
    MethodHandle close =
        function("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    int dontNeed = 4;
    try (Arena arena = Arena.ofConfined()) {
      int handle = (int) open.invokeExact(arena.allocateFrom(file.toString()), 0);
      int answer = (int) advise.invokeExact(handle, 0L, 0L, dontNeed);
      int closed = (int) close.invokeExact(handle);
      if (answer != 0 || closed != 0) {
        throw new IllegalStateException("posix_fadvise answers " + answer);
      }
    }
  }

  private static long cachedBytes(Path file) throws Throwable {
    MethodHandle mincore =
        function(
            "mincore",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.ADDRESS));
    try (Arena arena = Arena.ofConfined();
        FileChannel channel = FileChannel.open(file)) {
      MemorySegment mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      MemorySegment pages = arena.allocate((channel.size() + 4095) / 4096);
      int answer = (int) mincore.invokeExact(mapped, mapped.byteSize(), pages);
      if (answer != 0) {
        throw new IllegalStateException("mincore answers " + answer);
      }
      long cached = 0;
      for (long page = 0; page < pages.byteSize(); page++) {
        cached += pages.get(ValueLayout.JAVA_BYTE, page) & 1;
      }
      return 4096 * cached;
    }
  }
}
