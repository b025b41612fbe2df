package io.ltri.index.search;

import io.ltri.index.store.LayerView;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** The spans that take part in a search, of all its documents, in order of document and span. */
final class Slots {

  private final List<LayerView> layers;
  private int count;
  private int[] document;
  private int[] span;
  private int[] tokens;
  private int[] firstVector;
  private int[] vectors;
  private long totalTokens;
  private long totalVectors;

  Slots(List<LayerView> layers, int expected) {
    this.layers = List.copyOf(layers);
    document = new int[expected];
    span = new int[expected];
    tokens = new int[expected];
    firstVector = new int[expected];
    vectors = new int[expected];
  }

  /** Every span of every document. */
  static Slots all(List<LayerView> layers) {
    Slots slots = new Slots(layers, layers.stream().mapToInt(LayerView::spanCount).sum());
    for (int d = 0; d < layers.size(); d++) {
      for (int s = 0; s < layers.get(d).spanCount(); s++) {
        slots.add(d, s);
      }
    }
    return slots;
  }

  /** Spans must come in order. */
  void add(int documentIndex, int spanOrdinal) {
    if (count == span.length) {
      int larger = Math.max(16, 2 * count);
      document = Arrays.copyOf(document, larger);
      span = Arrays.copyOf(span, larger);
      tokens = Arrays.copyOf(tokens, larger);
      firstVector = Arrays.copyOf(firstVector, larger);
      vectors = Arrays.copyOf(vectors, larger);
    }
    LayerView layer = layers.get(documentIndex);
    document[count] = documentIndex;
    span[count] = spanOrdinal;
    tokens[count] = layer.end(spanOrdinal) - layer.start(spanOrdinal);
    firstVector[count] = layer.firstVector(spanOrdinal);
    vectors[count] = layer.vectorCount(spanOrdinal);
    totalTokens += tokens[count];
    totalVectors += vectors[count];
    count++;
  }

  int count() {
    return count;
  }

  long totalTokens() {
    return totalTokens;
  }

  long totalVectors() {
    return totalVectors;
  }

  int document(int slot) {
    return document[slot];
  }

  int span(int slot) {
    return span[slot];
  }

  int tokens(int slot) {
    return tokens[slot];
  }

  LayerView layer(int slot) {
    return layers.get(document[slot]);
  }

  /** Walks the summary vectors of one KV head, tile by tile, in order of slots. */
  VectorWalk vectors(int kvHead, int headDim) {
    return new VectorWalk(kvHead, headDim);
  }

  /** Copies vectors into tiles; those that lie side by side in one go. */
  final class VectorWalk {

    private final int headDim;
    private final List<List<LayerView.VectorRun>> runs = new ArrayList<>();
    private int slot;
    private int within;

    VectorWalk(int kvHead, int headDim) {
      this.headDim = headDim;
      layers.forEach(layer -> runs.add(layer.runs(kvHead)));
    }

    /** Fills the tile and its slots; returns how many vectors it holds, 0 at the end. */
    int next(float[] tile, int[] tileSlots) {
      int filled = 0;
      int rangeDocument = 0;
      int rangeFirst = 0;
      int rangeCount = 0;
      while (filled + rangeCount < Workspace.TILE && slot < count) {
        int first = firstVector[slot] + within;
        int take = Math.min(Workspace.TILE - filled - rangeCount, vectors[slot] - within);
        if (rangeCount > 0
            && (document[slot] != rangeDocument || first != rangeFirst + rangeCount)) {
          copy(rangeDocument, rangeFirst, rangeCount, tile, filled);
          filled += rangeCount;
          rangeCount = 0;
        }
        if (rangeCount == 0) {
          rangeDocument = document[slot];
          rangeFirst = first;
        }
        Arrays.fill(tileSlots, filled + rangeCount, filled + rangeCount + take, slot);
        rangeCount += take;
        within += take;
        if (within == vectors[slot]) {
          slot++;
          within = 0;
        }
      }
      if (rangeCount > 0) {
        copy(rangeDocument, rangeFirst, rangeCount, tile, filled);
      }
      return filled + rangeCount;
    }

    private void copy(int from, int first, int vectorCount, float[] tile, int at) {
      int done = 0;
      for (LayerView.VectorRun run : runs.get(from)) {
        int begin = first + done;
        if (begin < run.first() + run.count() && done < vectorCount) {
          int part = Math.min(vectorCount - done, run.first() + run.count() - begin);
          java.lang.foreign.MemorySegment.copy(
              run.vectors(),
              SpanSearch.FLOAT,
              (long) (begin - run.first()) * headDim * Float.BYTES,
              tile,
              (at + done) * headDim,
              part * headDim);
          done += part;
        }
      }
    }
  }

  /**
   * The slots with the largest scores, in that order, until the next one would bring the tokens of
   * all above the limit: there the list is cut, as the method has it; a span is never split. Ties
   * go to the earlier slot.
   */
  int[] best(float[] scores, long mostTokens) {
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
    return IntStream.range(0, count).toArray();
  }
}
