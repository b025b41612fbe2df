package io.ltri.inference.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Keys and values of one layer as decode steps in Java attend to them: a copy of a {@link
 * KvArena}'s, in half precision, keys rotated to their index in the arena. Half precision holds
 * values that were rounded to bfloat16 as they are, but below 6e-5, where they are off by 3e-8 at
 * most; rotated keys are rounded, to an eighth of what bfloat16 rounded before. One thread at a
 * time.
 */
final class HostEntries {

  /** Entries of a block: its keys and values of one head stay in the second cache. */
  static final int BLOCK = 256;

  /**
   * Entries that are held at most, beyond which arenas are those of full attention: the copies lie
   * on the heap.
   */
  static final int MOST = 4096;

  private final int kvHeads;
  private final int headDim;

  /** By block and KV head. */
  private final List<Part[]> blocks = new ArrayList<>();

  /** Of which entries the blocks hold what the arena has now. */
  private final FreshEntries fresh = new FreshEntries();

  /** Scratch for a run of entries of one head. */
  private float[] rows = {};

  private float[] swapped = {};
  private short[] halves = {};

  /**
   * @param keys halves [headDim, BLOCK]: entries side by side, for scores of many
   * @param values halves [BLOCK, headDim]
   */
  record Part(short[] keys, short[] values) {}

  HostEntries(int kvHeads, int headDim) {
    this.kvHeads = kvHeads;
    this.headDim = headDim;
  }

  Part part(int block, int kvHead) {
    return blocks.get(block)[kvHead];
  }

  /** Bytes on the heap. */
  long bytes() {
    return bytes(kvHeads, headDim, BLOCK * blocks.size());
  }

  /** Bytes on the heap of so many entries. */
  static long bytes(int kvHeads, int headDim, int entries) {
    return 2L * 2 * entries * headDim * kvHeads;
  }

  /** Entries [from, from + count) are not what they were. */
  void changed(int from, int count) {
    fresh.changed(from, count);
  }

  /**
   * Takes over those of entries [from, from + count) that have changed.
   *
   * @param keys float32 [kvHeads, capacity, headDim], row-major, unrotated
   * @param values likewise
   */
  void update(
      MemorySegment keys,
      MemorySegment values,
      int capacity,
      int from,
      int count,
      RotationTable table) {
    while (blocks.size() * BLOCK < from + count) {
      Part[] block = new Part[kvHeads];
      for (int head = 0; head < kvHeads; head++) {
        block[head] = new Part(new short[headDim * BLOCK], new short[BLOCK * headDim]);
      }
      blocks.add(block);
    }
    int[] stale = fresh.takeStale(from, count);
    for (int run = 0; run < stale.length; run += 2) {
      int end = stale[run] + stale[run + 1];
      for (int first = stale[run]; first < end; ) {
        int stop = Math.min(end, first - first % BLOCK + BLOCK);
        take(keys, values, capacity, first, stop - first, table);
        first = stop;
      }
    }
  }

  /** Entries of one block. */
  private void take(
      MemorySegment keys,
      MemorySegment values,
      int capacity,
      int first,
      int count,
      RotationTable table) {
    int numbers = count * headDim;
    if (rows.length < numbers) {
      rows = new float[numbers];
      swapped = new float[numbers];
      halves = new short[numbers];
    }
    int slot = first % BLOCK;
    for (int head = 0; head < kvHeads; head++) {
      Part part = part(first / BLOCK, head);
      long at = 4L * headDim * ((long) head * capacity + first);
      MemorySegment.copy(keys, ValueLayout.JAVA_FLOAT, at, rows, 0, numbers);
      int half = headDim / 2;
      for (int i = 0; i < numbers; i += headDim) {
        System.arraycopy(rows, i, swapped, i + half, half);
        System.arraycopy(rows, i + half, swapped, i, half);
      }
      table.rotate(rows, swapped, halves, first, count);
      for (int d = 0; d < headDim; d++) {
        transpose(halves, d, headDim, part.keys(), d * BLOCK + slot, count);
      }
      MemorySegment.copy(values, ValueLayout.JAVA_FLOAT, at, rows, 0, numbers);
      toHalves(rows, part.values(), slot * headDim, numbers);
    }
  }

  // Loops of their own, for the JIT.

  private static void toHalves(float[] from, short[] to, int at, int count) {
    for (int i = 0; i < count; i++) {
      to[at + i] = Float.floatToFloat16(from[i]);
    }
  }

  private static void transpose(short[] from, int at, int step, short[] to, int first, int count) {
    for (int i = 0; i < count; i++) {
      to[first + i] = from[at + i * step];
    }
  }
}
