package io.ltri.inference.retrieval;

import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Blocks fetched lately, shared by all sequences, bounded in bytes. A block that is on its way for
 * one sequence is not fetched again for another.
 */
public final class BlockCache {

  private record Key(String documentId, int layer, int span) {}

  private final AsyncCache<Key, SpanBlock> blocks;

  public BlockCache(long maximumBytes) {
    this.blocks =
        Caffeine.newBuilder()
            .maximumWeight(maximumBytes)
            .weigher((Key key, SpanBlock block) -> Math.toIntExact(block.sizeBytes()))
            .executor(Runnable::run)
            .buildAsync();
  }

  /**
   * Where the blocks of one fetch came from.
   *
   * @param blocks in the order asked for
   * @param fetched how many of them the index sent for this call
   * @param fetchedBytes their size
   */
  public record Blocks(List<SpanBlock> blocks, int fetched, long fetchedBytes) {}

  /**
   * The blocks of these spans, in this order; those that are not here and not on their way are
   * fetched in one request.
   */
  public Blocks get(SpanIndex index, String documentId, int layer, int[] spans, Duration deadline) {
    long until = System.nanoTime() + deadline.toNanos();
    List<CompletableFuture<SpanBlock>> found = new ArrayList<>(spans.length);
    int[] wanted = new int[spans.length];
    List<CompletableFuture<SpanBlock>> own = new ArrayList<>();
    for (int span : spans) {
      CompletableFuture<SpanBlock> mine = new CompletableFuture<>();
      CompletableFuture<SpanBlock> there =
          blocks.asMap().putIfAbsent(new Key(documentId, layer, span), mine);
      if (there == null) {
        wanted[own.size()] = span;
        own.add(mine);
      }
      found.add(there == null ? mine : there);
    }
    long bytes = 0;
    if (!own.isEmpty()) {
      bytes = fetch(index, documentId, layer, Arrays.copyOf(wanted, own.size()), own, deadline);
    }
    int fetched = own.size();
    List<SpanBlock> all = new ArrayList<>(spans.length);
    for (int i = 0; i < spans.length; i++) {
      SpanBlock block = arrived(found.get(i), until);
      if (block == null) {
        // What failed for another may come for this one.
        Duration left = Duration.ofNanos(Math.max(0, until - System.nanoTime()));
        block = index.fetch(documentId, layer, new int[] {spans[i]}, left).getFirst();
        fetched++;
        bytes += block.sizeBytes();
      }
      all.add(block);
    }
    return new Blocks(all, fetched, bytes);
  }

  /** Whether a block is here or on its way. */
  public boolean has(String documentId, int layer, int span) {
    return blocks.getIfPresent(new Key(documentId, layer, span)) != null;
  }

  private static long fetch(
      SpanIndex index,
      String documentId,
      int layer,
      int[] wanted,
      List<CompletableFuture<SpanBlock>> own,
      Duration deadline) {
    long bytes = 0;
    try {
      List<SpanBlock> fetched = index.fetch(documentId, layer, wanted, deadline);
      for (int i = 0; i < wanted.length; i++) {
        bytes += fetched.get(i).sizeBytes();
        own.get(i).complete(fetched.get(i));
      }
      return bytes;
    } catch (RuntimeException | Error e) {
      // These leave the cache by it.
      own.forEach(block -> block.completeExceptionally(e));
      throw e;
    }
  }

  /** Null if whoever fetched it failed, or it has not arrived in time. */
  private static @Nullable SpanBlock arrived(CompletableFuture<SpanBlock> block, long until) {
    try {
      return block.get(until - System.nanoTime(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException | TimeoutException e) {
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IndexException(IndexException.Reason.UNAVAILABLE, "interrupted", e);
    }
  }

  /** What the blocks that are here take. */
  public long sizeBytes() {
    return blocks.synchronous().policy().eviction().orElseThrow().weightedSize().orElseThrow();
  }

  /** Drops what belongs to a document that is gone. */
  public void forget(String documentId) {
    blocks.asMap().keySet().removeIf(key -> key.documentId.equals(documentId));
  }
}
