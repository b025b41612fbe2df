package io.ltri.inference.engine;

import io.ltri.inference.tensor.Decoder;
import io.ltri.inference.tensor.DecoderShape;
import io.ltri.inference.tensor.KvArena;
import io.ltri.inference.tensor.Step;
import io.ltri.inference.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A short sequence under full attention of which it can be seen what each head looks at. The logits
 * of attention are computed here a second time, from the queries and the keys in the arenas. One
 * thread at a time.
 */
final class WatchedSequence implements AutoCloseable {

  /** Sees one head's attention at one token. */
  interface Watcher {
    /**
     * @param logits before the softmax, by text position; free for reuse when this returns
     * @param count how many of them there are: up to the token itself
     */
    void sees(int layer, int head, float[] logits, int count);
  }

  private final Decoder decoder;
  private final DecoderShape shape;
  private final KvArena[] arenas;

  /** Per layer the keys rotated by their positions, [kvHeads, capacity, headDim]. */
  private final float[][] rotated;

  private final float[] logits;
  private final int capacity;
  private int watchedLength;
  private int length;

  /**
   * @param capacity most tokens
   */
  WatchedSequence(Decoder decoder, int capacity) {
    this.decoder = decoder;
    this.shape = decoder.shape();
    this.capacity = capacity;
    this.logits = new float[capacity];
    this.arenas = new KvArena[shape.layers()];
    this.rotated = new float[shape.layers()][shape.kvHeads() * capacity * shape.headDim()];
    for (int l = 0; l < arenas.length; l++) {
      arenas[l] = decoder.newArena(capacity, StorageType.BF16);
    }
  }

  /** Takes tokens in without looking. */
  void read(int[] tokens) {
    try (Step step = decoder.begin(tokens)) {
      for (int l = 0; l < arenas.length; l++) {
        step.project(l, arenas[l], length);
        MemorySegment noBand = step.attend(l, arenas[l], 0, length + tokens.length, 0, 0);
      }
    }
    length += tokens.length;
  }

  /**
   * Takes one token in and shows what each head looks at.
   *
   * @return logits of the next token, [vocabulary]
   */
  float[] watch(int token, Watcher watcher) {
    float[] next;
    try (Step step = decoder.begin(new int[] {token})) {
      for (int l = 0; l < arenas.length; l++) {
        step.project(l, arenas[l], length);
        rotateKeys(l, length + 1);
        show(l, step.lookupQueries(1, length), watcher);
        MemorySegment noBand = step.attend(l, arenas[l], 0, length + 1, 0, 0);
      }
      next = step.logits();
    }
    length++;
    watchedLength = length;
    return next;
  }

  /** The keys that have come since the last look, each turned by its position. */
  private void rotateKeys(int layer, int end) {
    int dim = shape.headDim();
    int half = dim / 2;
    MemorySegment keys = arenas[layer].keys();
    int stride = arenas[layer].capacity();
    float[] out = rotated[layer];
    for (int position = watchedLength; position < end; position++) {
      for (int i = 0; i < half; i++) {
        double angle = position * shape.inverseFrequencies()[i];
        double cos = Math.cos(angle);
        double sin = Math.sin(angle);
        for (int g = 0; g < shape.kvHeads(); g++) {
          long at = ((long) g * stride + position) * dim + i;
          float first = keys.getAtIndex(ValueLayout.JAVA_FLOAT, at);
          float second = keys.getAtIndex(ValueLayout.JAVA_FLOAT, at + half);
          int to = (g * capacity + position) * dim + i;
          out[to] = (float) (first * cos - second * sin);
          out[to + half] = (float) (second * cos + first * sin);
        }
      }
    }
  }

  private void show(int layer, MemorySegment queries, Watcher watcher) {
    int dim = shape.headDim();
    int group = shape.queryHeads() / shape.kvHeads();
    float[] query = new float[dim];
    float[] keys = rotated[layer];
    float scale = (float) (1 / Math.sqrt(dim));
    for (int head = 0; head < shape.queryHeads(); head++) {
      MemorySegment.copy(queries, ValueLayout.JAVA_FLOAT, 4L * head * dim, query, 0, dim);
      int at = head / group * capacity * dim;
      for (int position = 0; position <= length; position++) {
        float sum = 0;
        for (int i = 0; i < dim; i++) {
          sum += query[i] * keys[at++];
        }
        logits[position] = sum * scale;
      }
      watcher.sees(layer, head, logits, length + 1);
    }
  }

  @Override
  public void close() {
    for (KvArena arena : arenas) {
      arena.close();
    }
  }
}
