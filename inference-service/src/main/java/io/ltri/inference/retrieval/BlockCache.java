package io.ltri.inference.retrieval;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Blocks fetched lately, shared by all sequences, bounded in bytes. */
public final class BlockCache {

  private record Key(String documentId, int layer, int span) {}

  private final Cache<Key, SpanBlock> blocks;

  public BlockCache(long maximumBytes) {
    this.blocks =
        Caffeine.newBuilder()
            .maximumWeight(maximumBytes)
            .weigher((Key key, SpanBlock block) -> Math.toIntExact(block.sizeBytes()))
            .executor(Runnable::run)
            .build();
  }

  /**
   * Where the blocks of one fetch came from.
   *
   * @param blocks in the order asked for
   * @param fetched how many of them the index sent
   * @param fetchedBytes their size
   */
  public record Blocks(List<SpanBlock> blocks, int fetched, long fetchedBytes) {}

  /**
   * The blocks of these spans, in this order; those that are not here are fetched in one request.
   */
  public Blocks get(SpanIndex index, String documentId, int layer, int[] spans, Duration deadline) {
    @Nullable SpanBlock[] found = new SpanBlock[spans.length];
    int[] missing = new int[spans.length];
    int missingCount = 0;
    for (int i = 0; i < spans.length; i++) {
      found[i] = blocks.getIfPresent(new Key(documentId, layer, spans[i]));
      if (found[i] == null) {
        missing[missingCount++] = i;
      }
    }
    long bytes = 0;
    if (missingCount > 0) {
      int[] wanted = new int[missingCount];
      for (int i = 0; i < missingCount; i++) {
        wanted[i] = spans[missing[i]];
      }
      List<SpanBlock> fetched = index.fetch(documentId, layer, wanted, deadline);
      for (int i = 0; i < missingCount; i++) {
        SpanBlock block = fetched.get(i);
        found[missing[i]] = block;
        bytes += block.sizeBytes();
        blocks.put(new Key(documentId, layer, wanted[i]), block);
      }
    }
    List<SpanBlock> all = new ArrayList<>(spans.length);
    for (SpanBlock block : found) {
      if (block != null) {
        all.add(block);
      }
    }
    return new Blocks(all, missingCount, bytes);
  }

  /** What the blocks that are here take. */
  public long sizeBytes() {
    return blocks.policy().eviction().orElseThrow().weightedSize().orElseThrow();
  }

  /** Drops what belongs to a document that is gone. */
  public void forget(String documentId) {
    blocks.asMap().keySet().removeIf(key -> key.documentId.equals(documentId));
  }
}
