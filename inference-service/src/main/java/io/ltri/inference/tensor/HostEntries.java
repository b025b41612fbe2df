package io.ltri.inference.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.BitSet;
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

  private static final float LARGEST_HALF = 65504;

  private final int kvHeads;
  private final int headDim;

  /** By block and KV head. */
  private final List<Part[]> blocks = new ArrayList<>();

  /** Of which entries the blocks hold what the arena has now. */
  private final BitSet fresh = new BitSet();

  /** Scratch for a run of entries of one head. */
  private float[] rows = {};

  private float[] turned = {};

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
    return 2L * 2 * BLOCK * headDim * kvHeads * blocks.size();
  }

  /** Entries [from, from + count) are not what they were. */
  void changed(int from, int count) {
    fresh.clear(from, from + count);
  }

  /**
   * Takes over those of entries [from, from + count) that have changed.
   *
   * @param keys float32 [kvHeads, capacity, headDim], row-major, unrotated
   * @param values likewise
   * @return false if there is a number that half precision cannot hold: then these entries are of
   *     no use
   */
  boolean update(
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
    int end = from + count;
    boolean held = true;
    for (int first = fresh.nextClearBit(from); first < end; ) {
      int next = fresh.nextSetBit(first);
      int endOfBlock = first - first % BLOCK + BLOCK;
      int stop = Math.min(next < 0 ? end : Math.min(next, end), endOfBlock);
      held &= take(keys, values, capacity, first, stop - first, table);
      fresh.set(first, stop);
      first = fresh.nextClearBit(stop);
    }
    return held;
  }

  /** Entries of one block. */
  private boolean take(
      MemorySegment keys,
      MemorySegment values,
      int capacity,
      int first,
      int count,
      RotationTable table) {
    int numbers = count * headDim;
    if (rows.length < numbers) {
      rows = new float[numbers];
      turned = new float[numbers];
    }
    float largest = 0;
    int slot = first % BLOCK;
    for (int head = 0; head < kvHeads; head++) {
      Part part = part(first / BLOCK, head);
      long at = 4L * headDim * ((long) head * capacity + first);
      MemorySegment.copy(keys, ValueLayout.JAVA_FLOAT, at, rows, 0, numbers);
      for (int i = 0; i < count; i++) {
        table.rotate(rows, turned, i * headDim, first + i);
      }
      largest = Math.max(largest, largest(turned, numbers));
      for (int d = 0; d < headDim; d++) {
        for (int i = 0; i < count; i++) {
          part.keys()[d * BLOCK + slot + i] = Float.floatToFloat16(turned[i * headDim + d]);
        }
      }
      MemorySegment.copy(values, ValueLayout.JAVA_FLOAT, at, rows, 0, numbers);
      largest = Math.max(largest, largest(rows, numbers));
      for (int i = 0; i < numbers; i++) {
        part.values()[slot * headDim + i] = Float.floatToFloat16(rows[i]);
      }
    }
    return largest <= LARGEST_HALF;
  }

  /** Not a number if one is not. */
  private static float largest(float[] values, int count) {
    float largest = 0;
    for (int i = 0; i < count; i++) {
      largest = Math.max(largest, Math.abs(values[i]));
    }
    return largest;
  }
}
