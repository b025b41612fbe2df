package io.ltri.index.search;

import io.ltri.index.store.DocumentLayout;
import io.ltri.index.store.LayerView;
import io.ltri.index.store.OpenDocument;
import io.ltri.index.store.SearchMode;
import io.ltri.index.store.SpanRecord;
import io.ltri.index.store.StorageType;
import io.ltri.index.store.SummaryCodes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Searches a small document in memory until Java has compiled the kernels: before that, vector
 * operations are a hundred times slower, and the first real look-up would take seconds.
 */
final class WarmUp {

  private static final DocumentLayout LAYOUT =
      new DocumentLayout(1, 2, 1, 64, StorageType.BF16, 0.125f);

  private static final int SPANS = 32;
  private static final int TOKENS = 16;
  private static final int VECTORS = 3;

  /** Fewer than the document's tokens, so that stage one is not left out. */
  private static final int CANDIDATE_TOKENS = 128;

  private static final long LONGEST_NANOS = 5_000_000_000L;
  private static final long FAST_NANOS = 800_000;
  private static final int FAST_ROUNDS = 20;

  private WarmUp() {}

  static void run(SpanSearch search) {
    SplittableRandom random = new SplittableRandom(1);
    try (Arena arena = Arena.ofShared()) {
      OpenDocument document = new Memory(arena, random);
      List<LookUp> lookUps = List.of(lookUp(64, random), lookUp(5, random), lookUp(1, random));
      long begin = System.nanoTime();
      int fast = 0;
      while (fast < FAST_ROUNDS && System.nanoTime() - begin < LONGEST_NANOS) {
        long start = System.nanoTime();
        for (LookUp lookUp : lookUps) {
          search.searchNow(List.of(document), lookUp);
        }
        fast = System.nanoTime() - start < FAST_NANOS ? fast + 1 : 0;
      }
    }
  }

  private static LookUp lookUp(int queryCount, SplittableRandom random) {
    float[] queries = new float[LAYOUT.queryHeads() * queryCount * LAYOUT.headDim()];
    for (int i = 0; i < queries.length; i++) {
      queries[i] = (float) random.nextGaussian();
    }
    return new LookUp(0, queries, queryCount, CANDIDATE_TOKENS, 0);
  }

  /** A document that lies in memory, all spans and keys alike. */
  private static final class Memory implements OpenDocument, LayerView {

    private final MemorySegment vectors;
    private final MemorySegment codes;
    private final MemorySegment keys;

    Memory(Arena arena, SplittableRandom random) {
      vectors = arena.allocate((long) SPANS * VECTORS * LAYOUT.vectorBytes(), 64);
      for (long at = 0; at < vectors.byteSize(); at += Float.BYTES) {
        vectors.set(SpanSearch.FLOAT, at, (float) random.nextGaussian());
      }
      codes = arena.allocate(SummaryCodes.bytes(vectorCount(), LAYOUT.headDim()), 64);
      SummaryCodes.encode(
          List.of(new VectorRun(0, vectorCount(), vectors)), codes, LAYOUT.headDim());
      keys = arena.allocate(LAYOUT.partBytes(TOKENS), 64);
    }

    @Override
    public String id() {
      return "warm-up";
    }

    @Override
    public DocumentLayout layout() {
      return LAYOUT;
    }

    @Override
    public SearchMode searchMode() {
      return SearchMode.SCAN;
    }

    @Override
    public LayerView layer(int layer) {
      return this;
    }

    @Override
    public StorageType storageType() {
      return LAYOUT.storageType();
    }

    @Override
    public int spanCount() {
      return SPANS;
    }

    @Override
    public int vectorCount() {
      return SPANS * VECTORS;
    }

    @Override
    public SpanRecord record(int span) {
      return new SpanRecord(start(span), end(span), 0, 0, firstVector(span), VECTORS, 0, 0, 0);
    }

    @Override
    public int start(int span) {
      return span * TOKENS;
    }

    @Override
    public int end(int span) {
      return span * TOKENS + TOKENS;
    }

    @Override
    public int firstVector(int span) {
      return span * VECTORS;
    }

    @Override
    public int vectorCount(int span) {
      return VECTORS;
    }

    @Override
    public List<VectorRun> runs(int kvHead) {
      return List.of(new VectorRun(0, vectorCount(), vectors));
    }

    @Override
    public List<CodeRun> codes(int kvHead) {
      return List.of(new CodeRun(0, vectorCount(), codes));
    }

    @Override
    public MemorySegment keys(int span) {
      return keys;
    }

    @Override
    public MemorySegment values(int span) {
      return keys;
    }

    @Override
    public @Nullable VectorGraph graph(int kvHead) {
      return null;
    }

    @Override
    public void close() {}
  }
}
