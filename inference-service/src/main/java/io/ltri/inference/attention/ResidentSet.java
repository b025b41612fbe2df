package io.ltri.inference.attention;

import io.ltri.inference.retrieval.SpanBlock;
import io.ltri.inference.tensor.Decoder;
import io.ltri.inference.tensor.KvArena;
import io.ltri.inference.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The keys and values of one layer that attention can see, in text order in one arena:
 *
 * <pre>
 *   arena index   budget - r        budget - r + sink     budget + sink
 *                 | sink            | retrieved (r tokens) | local: remainder, window, chunk ...
 * </pre>
 *
 * Keys are unrotated; attention rotates them by their place from {@link #from()} on (compact
 * positions). The local part never moves when the retrieved part changes its length: sink and
 * retrieved tokens stand right-aligned before it.
 */
final class ResidentSet implements AutoCloseable {
  private final KvArena arena;
  private final StorageType storage;
  private final int kvHeads;
  private final int headDim;
  private final int sinkTokens;
  private final int budgetTokens;

  /**
   * Text position of the first local token; text position p stands at arena index budget + sink + p
   * - localStart.
   */
  private int localStart;

  private int end;
  private int retrievedTokens;
  private List<SpanBlock> retrieved = List.of();

  /**
   * Where the sink stands is overwritten when spans are placed; this copy, made at the first time,
   * is not.
   */
  private @Nullable MemorySegment sinkCopy;

  ResidentSet(
      Decoder decoder, StorageType storage, int sinkTokens, int budgetTokens, int localTokens) {
    this.storage = storage;
    this.kvHeads = decoder.shape().kvHeads();
    this.headDim = decoder.shape().headDim();
    this.sinkTokens = sinkTokens;
    this.budgetTokens = budgetTokens;
    this.localStart = sinkTokens;
    this.arena = decoder.newArena(budgetTokens + sinkTokens + localTokens, storage);
  }

  KvArena arena() {
    return arena;
  }

  /** Text tokens so far. */
  int end() {
    return end;
  }

  /** First text position of the local part; everything before it, but the sink, has left. */
  int localStart() {
    return localStart;
  }

  /** Arena index of the first token that attention sees. */
  int from() {
    return budgetTokens - retrievedTokens;
  }

  /** Arena index of the first local token. */
  int localIndex() {
    return budgetTokens + sinkTokens;
  }

  /** Arena index at which text position {@link #end()} goes. */
  int endIndex() {
    return index(end);
  }

  /** Makes room for so many tokens behind {@link #endIndex()}. */
  void reserve(int tokens) {
    arena.ensureCapacity(endIndex() + tokens);
  }

  void appended(int tokens) {
    end += tokens;
  }

  private int index(int position) {
    return localIndex() + position - localStart;
  }

  /**
   * Places retrieved spans between sink and local part.
   *
   * @param blocks in text order, disjoint, at most the budget's tokens together
   */
  void place(List<SpanBlock> blocks) {
    if (same(blocks, retrieved)) {
      return;
    }
    MemorySegment sink = sinkCopy;
    if (sink == null) {
      sink = export(budgetTokens, Math.min(end, sinkTokens));
      sinkCopy = sink;
    }
    int tokens = blocks.stream().mapToInt(SpanBlock::tokens).sum();
    if (tokens > budgetTokens) {
      throw new IllegalArgumentException(tokens + " tokens retrieved, budget is " + budgetTokens);
    }
    int at = budgetTokens - tokens;
    load(sink, 0, at, Math.min(end, sinkTokens));
    at += sinkTokens;
    for (SpanBlock block : blocks) {
      loadPart(block.keys(), 0, arena.keys(), at, block.tokens());
      loadPart(block.values(), 0, arena.values(), at, block.tokens());
      at += block.tokens();
    }
    retrievedTokens = tokens;
    retrieved = List.copyOf(blocks);
  }

  /** Text positions of what is here: sink, retrieved, local part. */
  List<TokenRange> attended() {
    List<TokenRange> ranges = new ArrayList<>();
    if (sinkTokens > 0 && end > 0) {
      ranges.add(new TokenRange(0, Math.min(end, sinkTokens)));
    }
    for (SpanBlock block : retrieved) {
      ranges.add(new TokenRange(block.start(), block.end()));
    }
    if (end > localStart) {
      ranges.add(new TokenRange(localStart, end));
    }
    return ranges;
  }

  private static boolean same(List<SpanBlock> left, List<SpanBlock> right) {
    if (left.size() != right.size()) {
      return false;
    }
    for (int i = 0; i < left.size(); i++) {
      if (left.get(i) != right.get(i)) {
        return false;
      }
    }
    return true;
  }

  /** A copy of local tokens [start, stop) in the storage type. */
  SpanBlock extract(int start, int stop) {
    int tokens = stop - start;
    MemorySegment keys = MemorySegment.ofArray(new byte[partBytes(tokens)]);
    MemorySegment values = MemorySegment.ofArray(new byte[partBytes(tokens)]);
    storePart(arena.keys(), index(start), keys, 0, tokens);
    storePart(arena.values(), index(start), values, 0, tokens);
    return new SpanBlock(start, stop, keys.asReadOnly(), values.asReadOnly());
  }

  /** Local tokens before this text position leave. */
  void dropBefore(int position) {
    if (position <= localStart) {
      return;
    }
    int kept = end - position;
    int source = index(position);
    for (MemorySegment part : List.of(arena.keys(), arena.values())) {
      for (int g = 0; g < kvHeads; g++) {
        long head = 4L * g * arena.capacity() * headDim;
        MemorySegment.copy(
            part,
            head + 4L * source * headDim,
            part,
            head + 4L * localIndex() * headDim,
            4L * kept * headDim);
      }
    }
    localStart = position;
  }

  /** Sink and local part, keys then values each, in the storage type. */
  List<MemorySegment> export() {
    MemorySegment sink = sinkCopy;
    if (sink == null) {
      sink = export(budgetTokens, Math.min(end, sinkTokens));
    }
    List<MemorySegment> parts = new ArrayList<>();
    parts.add(sink);
    parts.add(export(localIndex(), Math.max(0, end - localStart)));
    return parts;
  }

  /** Sizes in bytes of the two segments that {@link #export()} gives for such positions. */
  long[] exportSizes(int position, int first) {
    return new long[] {
      2L * partBytes(Math.min(position, sinkTokens)), 2L * partBytes(Math.max(0, position - first))
    };
  }

  /** Continues from what {@link #export()} gave. */
  void restore(int position, int first, MemorySegment sink, MemorySegment local) {
    end = position;
    localStart = first;
    arena.ensureCapacity(localIndex() + Math.max(0, position - first));
    load(sink, 0, budgetTokens, Math.min(position, sinkTokens));
    load(local, 0, localIndex(), Math.max(0, position - first));
  }

  private MemorySegment export(int index, int tokens) {
    MemorySegment bytes = MemorySegment.ofArray(new byte[2 * partBytes(tokens)]);
    storePart(arena.keys(), index, bytes, 0, tokens);
    storePart(arena.values(), index, bytes, partBytes(tokens), tokens);
    return bytes;
  }

  private void load(MemorySegment bytes, long offset, int index, int tokens) {
    loadPart(bytes, offset, arena.keys(), index, tokens);
    loadPart(bytes, offset + partBytes(tokens), arena.values(), index, tokens);
  }

  private void storePart(
      MemorySegment part, int index, MemorySegment bytes, long offset, int tokens) {
    for (int g = 0; g < kvHeads; g++) {
      StorageCodec.encode(
          storage,
          part,
          4L * headDim * ((long) g * arena.capacity() + index),
          bytes,
          offset + (long) g * tokens * headDim * storage.bytes(),
          tokens * headDim);
    }
  }

  private void loadPart(
      MemorySegment bytes, long offset, MemorySegment part, int index, int tokens) {
    for (int g = 0; g < kvHeads; g++) {
      StorageCodec.decode(
          storage,
          bytes,
          offset + (long) g * tokens * headDim * storage.bytes(),
          part,
          4L * headDim * ((long) g * arena.capacity() + index),
          tokens * headDim);
    }
  }

  private int partBytes(int tokens) {
    return Math.multiplyExact(kvHeads * headDim * storage.bytes(), tokens);
  }

  @Override
  public void close() {
    arena.close();
  }
}
