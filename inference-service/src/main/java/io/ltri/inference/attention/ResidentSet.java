package io.ltri.inference.attention;

import io.ltri.inference.retrieval.SpanBlock;
import io.ltri.inference.tensor.Decoder;
import io.ltri.inference.tensor.KvArena;
import io.ltri.inference.tensor.Places;
import io.ltri.inference.tensor.Step;
import io.ltri.inference.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The keys and values of one layer that attention can see, in text order in one arena:
 *
 * <pre>
 *   arena index   budget - r        budget - r + sink     budget + sink
 *                 | sink            | retrieved (r tokens) | local: remainder, window, chunk ...
 * </pre>
 *
 * Keys are unrotated; attention rotates them as the position scheme says: by their index (compact),
 * of which only the differences matter, at their text positions (true), or, for what has left the
 * window, not at all (fixed). The local part never moves when the retrieved part changes its
 * length: sink and retrieved tokens stand right-aligned before it.
 */
final class ResidentSet implements AutoCloseable {
  private final KvArena arena;
  private final StorageType storage;
  private final int kvHeads;
  private final int headDim;
  private final int sinkTokens;
  private final int budgetTokens;
  private final PositionScheme scheme;
  private final int windowTokens;

  /** Text tokens up to which the scheme's positions are ones that the model was trained for. */
  private final int longestText;

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

  private ResidentSet(
      Decoder decoder,
      StorageType storage,
      int sinkTokens,
      int budgetTokens,
      int localTokens,
      PositionScheme scheme,
      int windowTokens,
      int longestText) {
    this.storage = storage;
    this.scheme = scheme;
    this.windowTokens = windowTokens;
    this.longestText = longestText;
    this.kvHeads = decoder.shape().kvHeads();
    this.headDim = decoder.shape().headDim();
    this.sinkTokens = sinkTokens;
    this.budgetTokens = budgetTokens;
    this.localStart = sinkTokens;
    this.arena = decoder.newArena(budgetTokens + sinkTokens + localTokens, storage);
  }

  /** Sink, retrieved and local part of a layer as the settings say. */
  static ResidentSet of(
      Decoder decoder, int trainedLength, ReadingSettings settings, int budgetTokens) {
    PositionScheme scheme = settings.positions();
    return new ResidentSet(
        decoder,
        settings.storage(),
        settings.sinkTokens(),
        budgetTokens,
        settings.localTokens(),
        scheme,
        settings.windowTokens(),
        scheme == PositionScheme.TRUE ? trainedLength : Integer.MAX_VALUE);
  }

  /**
   * The whole text of a layer, all of it local, in order.
   *
   * @param tokens for which there is room at first
   */
  static ResidentSet ofWholeText(Decoder decoder, StorageType storage, int tokens) {
    return new ResidentSet(
        decoder, storage, 0, 0, tokens, PositionScheme.COMPACT, 0, Integer.MAX_VALUE);
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

  /**
   * Makes room for so many tokens behind {@link #endIndex()}.
   *
   * @throws IllegalArgumentException if they would stand at positions that the model was not
   *     trained for
   */
  void reserve(int tokens) {
    if (end + tokens > longestText) {
      throw new IllegalArgumentException(
          "positions is true, which places keys where the text has them, and the model was trained for "
              + longestText
              + " tokens, but the text has grown to "
              + (end + tokens)
              + ": use positions compact or fixed, or a shorter text");
    }
    arena.ensureCapacity(endIndex() + tokens);
  }

  void appended(int tokens) {
    end += tokens;
  }

  /**
   * Attention of a step whose tokens were projected to {@link #endIndex()}, over all that is
   * resident.
   *
   * @return the band, as {@link Step#attend} gives it, without what is not local
   */
  @Nullable MemorySegment attend(Step step, int layer, int bandWidth) {
    int length = endIndex() + step.tokens() - from();
    return step.attend(
        layer, arena, from(), length, places(step.tokens()), bandWidth, localIndex());
  }

  /**
   * The same, and what each token behind the sink has received is shown.
   *
   * @param watch null: nobody looks
   */
  @Nullable MemorySegment attend(
      Step step, int layer, int bandWidth, @Nullable AttentionWatch watch) {
    int length = endIndex() + step.tokens() - from();
    if (watch == null || length <= sinkTokens) {
      return attend(step, layer, bandWidth);
    }
    Step.Shown shown =
        step.attendAndShow(
            layer,
            arena,
            from(),
            length,
            places(step.tokens()),
            bandWidth,
            localIndex(),
            from() + sinkTokens);
    watch.attended(
        layer,
        retrieved.stream().map(block -> new TokenRange(block.start(), block.end())).toList(),
        localStart,
        end + step.tokens(),
        step.tokens(),
        Math.toIntExact(shown.received().byteSize() / (4L * (length - sinkTokens))),
        shown.received());
    return shown.band();
  }

  /**
   * The same, and what each local token has received, the step's own at the end.
   *
   * @return as {@link Step#attendForReceived} gives it; null if no token is local yet
   */
  @Nullable MemorySegment attendForReceived(Step step, int layer) {
    int length = endIndex() + step.tokens() - from();
    if (from() + length <= localIndex()) {
      var unused = attend(step, layer, 0);
      return null;
    }
    return step.attendForReceived(
        layer, arena, from(), length, places(step.tokens()), localIndex());
  }

  /** Where all that is resident stands for a step of so many tokens. */
  private Places places(int tokens) {
    return switch (scheme) {
      case COMPACT -> Places.IN_SLOTS;
      case FIXED -> {
        int inWindow = windowTokens - 1;
        yield new Places.Distant(endIndex() - from() - inWindow, windowTokens);
      }
      case TRUE -> new Places.At(textPositions(end + tokens));
    };
  }

  private int[] textPositions(int stop) {
    return IntStream.concat(
            IntStream.concat(
                IntStream.range(0, Math.min(sinkTokens, stop)),
                retrieved.stream()
                    .flatMapToInt(block -> IntStream.range(block.start(), block.end()))),
            IntStream.range(localStart, stop))
        .toArray();
  }

  /** Copies local tokens [start, stop) of another set to where they stand in this one. */
  void copyFrom(ResidentSet other, int start, int stop) {
    for (int g = 0; g < kvHeads; g++) {
      long source = 4L * headDim * ((long) g * other.arena.capacity() + other.index(start));
      long target = 4L * headDim * ((long) g * arena.capacity() + index(start));
      long bytes = 4L * headDim * (stop - start);
      MemorySegment.copy(other.arena.keys(), source, arena.keys(), target, bytes);
      MemorySegment.copy(other.arena.values(), source, arena.values(), target, bytes);
    }
    arena.changed(index(start), stop - start);
  }

  /** The retrieved spans in place. */
  List<SpanBlock> retrieved() {
    return retrieved;
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
    if (tokens != retrievedTokens) {
      load(sink, 0, at, Math.min(end, sinkTokens));
    }
    at += sinkTokens;
    Map<Integer, SpanBlock> before = blocksByIndex();
    for (SpanBlock block : blocks) {
      if (before.get(at) != block) {
        arena.changed(at, block.tokens());
        loadPart(block.keys(), 0, arena.keys(), at, block.tokens());
        loadPart(block.values(), 0, arena.values(), at, block.tokens());
      }
      at += block.tokens();
    }
    retrievedTokens = tokens;
    retrieved = List.copyOf(blocks);
  }

  /** The retrieved spans in place by the arena index of their first token. */
  private Map<Integer, SpanBlock> blocksByIndex() {
    Map<Integer, SpanBlock> blocks = new HashMap<>();
    int at = from() + sinkTokens;
    for (SpanBlock block : retrieved) {
      blocks.put(at, block);
      at += block.tokens();
    }
    return blocks;
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
    arena.changed(localIndex(), kept);
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
    arena.changed(index, tokens);
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
