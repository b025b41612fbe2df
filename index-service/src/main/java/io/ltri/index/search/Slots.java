package io.ltri.index.search;

import io.ltri.index.store.LayerView;
import io.ltri.index.store.SummaryCodes;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The spans that take part in a search, of all its documents, in order of document and span.
 *
 * <p>Their summary vectors have places in one row, in the same order; those of each document begin
 * at a multiple of {@link SummaryCodes#BLOCK}.
 */
final class Slots {

  private final List<LayerView> layers;

  /** Per document the first slot, and at the end the number of all. */
  private final int[] firstSlot;

  /** Per document the place of its first vector, and at the end the length of the row. */
  private final int[] firstPlace;

  private final int[] span;
  private final int[] tokens;
  private final int[] vectors;
  private final int[] place;
  private long totalTokens;
  private long totalVectors;

  /**
   * @param chosen of each document the spans that take part; null: all of them
   */
  Slots(List<LayerView> layers, List<@Nullable BitSet> chosen) {
    this.layers = List.copyOf(layers);
    this.firstSlot = new int[layers.size() + 1];
    this.firstPlace = new int[layers.size() + 1];
    int all = 0;
    for (int d = 0; d < layers.size(); d++) {
      firstSlot[d] = all;
      BitSet some = chosen.get(d);
      all += some == null ? layers.get(d).spanCount() : some.cardinality();
    }
    firstSlot[layers.size()] = all;
    span = new int[all];
    tokens = new int[all];
    vectors = new int[all];
    place = new int[all];
    for (int d = 0; d < layers.size(); d++) {
      add(d, chosen.get(d));
    }
  }

  /** Every span of every document. */
  static Slots all(List<LayerView> layers) {
    return new Slots(layers, Collections.nCopies(layers.size(), null));
  }

  private void add(int document, @Nullable BitSet some) {
    LayerView layer = layers.get(document);
    int count = firstSlot[document + 1] - firstSlot[document];
    int slot = firstSlot[document];
    int next = firstPlace[document];
    for (int i = 0, s = -1; i < count; i++, slot++) {
      s = some == null ? i : some.nextSetBit(s + 1);
      span[slot] = s;
      tokens[slot] = layer.end(s) - layer.start(s);
      vectors[slot] = layer.vectorCount(s);
      place[slot] = next;
      next += vectors[slot];
      totalTokens += tokens[slot];
    }
    totalVectors += next - firstPlace[document];
    firstPlace[document + 1] = Math.ceilDiv(next, SummaryCodes.BLOCK) * SummaryCodes.BLOCK;
  }

  int count() {
    return span.length;
  }

  long totalTokens() {
    return totalTokens;
  }

  long totalVectors() {
    return totalVectors;
  }

  /** Length of the row of vectors. */
  int places() {
    return firstPlace[layers.size()];
  }

  int document(int slot) {
    int document = 0;
    while (slot >= firstSlot[document + 1]) {
      document++;
    }
    return document;
  }

  int span(int slot) {
    return span[slot];
  }

  int tokens(int slot) {
    return tokens[slot];
  }

  LayerView layer(int slot) {
    return layers.get(document(slot));
  }

  /** What is done with a block of {@link SummaryCodes}. */
  interface BlockWork {
    /**
     * @param block where it begins in {@code blocks}
     * @param place of its first vector
     */
    void run(MemorySegment blocks, long block, int place);
  }

  /**
   * Goes through the vectors of a KV head by blocks: of a document of which all spans take part,
   * those that it keeps; of others, blocks made of the vectors of the spans that do.
   */
  void forEachBlock(int kvHead, int headDim, Workspace workspace, BlockWork work) {
    for (int d = 0; d < layers.size(); d++) {
      if (firstSlot[d + 1] - firstSlot[d] == layers.get(d).spanCount()) {
        forEachBlock(layers.get(d).codes(kvHead), headDim, firstPlace[d], work);
      } else {
        forEachMadeBlock(d, kvHead, headDim, workspace.block(headDim), work);
      }
    }
  }

  private static void forEachBlock(
      List<LayerView.CodeRun> runs, int headDim, int firstPlace, BlockWork work) {
    for (LayerView.CodeRun run : runs) {
      long block = 0;
      for (int i = 0; i < run.count(); i += SummaryCodes.BLOCK) {
        work.run(run.blocks(), block, firstPlace + run.first() + i);
        block += SummaryCodes.blockBytes(headDim);
      }
    }
  }

  private void forEachMadeBlock(
      int document, int kvHead, int headDim, MemorySegment block, BlockWork work) {
    LayerView layer = layers.get(document);
    List<LayerView.VectorRun> runs = layer.runs(kvHead);
    SummaryCodes encoder = new SummaryCodes(headDim);
    int at = firstPlace[document];
    for (int slot = firstSlot[document]; slot < firstSlot[document + 1]; slot++) {
      int first = layer.firstVector(span[slot]);
      for (int vector = first; vector < first + vectors[slot]; vector++, at++) {
        int column = at % SummaryCodes.BLOCK;
        if (column == 0 && at > firstPlace[document]) {
          work.run(block, 0, at - SummaryCodes.BLOCK);
        }
        LayerView.VectorRun run = run(runs, vector);
        long offset = (long) (vector - run.first()) * headDim * Float.BYTES;
        encoder.encode(run.vectors(), offset, block, 0, column);
      }
    }
    if (at > firstPlace[document]) {
      work.run(block, 0, (at - 1) / SummaryCodes.BLOCK * SummaryCodes.BLOCK);
    }
  }

  private static LayerView.VectorRun run(List<LayerView.VectorRun> runs, int vector) {
    for (LayerView.VectorRun run : runs) {
      if (vector < run.first() + run.count()) {
        return run;
      }
    }
    throw new IllegalStateException("there is no vector " + vector);
  }

  Cursor cursor() {
    return new Cursor();
  }

  /** Finds the slots of places, which come in order. */
  final class Cursor {

    private int slot;
    private boolean first;

    /** The slot whose vector has this place; -1 where there is none. */
    int slotAt(int at) {
      while (slot < place.length && at >= place[slot] + vectors[slot]) {
        slot++;
      }
      if (slot == place.length || at < place[slot]) {
        return -1;
      }
      first = at == place[slot];
      return slot;
    }

    /** Whether it was the slot's first vector. */
    boolean isFirst() {
      return first;
    }
  }

  /**
   * The score of each slot: the largest product of one of its vectors.
   *
   * @param products {@code [places]}, from {@code from} on
   * @param scores {@code [slots]}, from {@code to} on
   */
  void largest(float[] products, int from, float[] scores, int to) {
    for (int slot = 0; slot < place.length; slot++) {
      int at = from + place[slot];
      int more = vectors[slot] - 1;
      // Most spans have one vector or two: a loop would cost more than it does.
      float first = products[at];
      float second = products[at + Math.min(1, more)];
      float most = Math.max(first, second);
      scores[to + slot] = more > 1 ? largest(products, at + 2, more - 1, most) : most;
    }
  }

  private static float largest(float[] numbers, int from, int count, float most) {
    float largest = most;
    for (int i = from; i < from + count; i++) {
      largest = Math.max(largest, numbers[i]);
    }
    return largest;
  }

  /**
   * The slots with the largest scores, in that order, until the next one would bring the tokens of
   * all above the limit: there the list is cut, as the method has it; a span is never split. Ties
   * go to the earlier slot.
   */
  int[] best(float[] scores, long mostTokens) {
    int count = count();
    long[] keys = new long[count];
    for (int i = 0; i < count; i++) {
      // Scores are not negative, so their bits are in the same order.
      keys[i] = (long) ~Float.floatToIntBits(scores[i]) << 32 | i;
    }
    // Twice as many as will do if spans are of mean length; if not, as many again.
    int sorted = (int) Math.min(count, 16 + 2 * mostTokens * count / Math.max(1, totalTokens));
    int[] best = new int[sorted];
    long running = 0;
    int taken = 0;
    int from = 0;
    while (from < count) {
      Smallest.first(keys, from, sorted);
      for (int i = from; i < sorted; i++) {
        int slot = (int) keys[i];
        running += tokens[slot];
        if (running > mostTokens) {
          return Arrays.copyOf(best, taken);
        }
        best[taken++] = slot;
      }
      from = sorted;
      sorted = Math.min(count, 2 * sorted);
      best = Arrays.copyOf(best, sorted);
    }
    return Arrays.copyOf(best, taken);
  }

  int[] allSlots() {
    return IntStream.range(0, count()).toArray();
  }
}
