package io.ltri.inference.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Keys and values of one layer, in native memory that this object owns: float32, already rounded to
 * the storage type, keys unrotated. It has no notion of what is filled: callers keep the positions.
 *
 * <p>Entries may be written through {@link #keys()} and {@link #values()} between two calls of a
 * step; they are read anew at each. Where attention keeps rotated keys ({@link Places#IN_SLOTS}),
 * whoever writes says so ({@link #changed}). One thread at a time. This memory is the truth on
 * every device: an accelerator gets the used range at each call, which costs a transfer per layer
 * and keeps one copy to think about.
 */
public final class KvArena implements AutoCloseable {

  private final NDManager hostManager;
  private final int kvHeads;
  private final int headDim;
  private final StorageType storage;
  private final LongAdder residentBytes;
  private int capacity;
  private Block keys;
  private Block values;

  /** The keys, each rotated to its index; null until they are wanted. */
  private @Nullable Block rotated;

  /** Of which entries {@link #rotated} holds what {@link #keys} has now. */
  private final FreshEntries fresh = new FreshEntries();

  /** What decode steps in Java attend to; null until they do. */
  private @Nullable HostEntries entries;

  /** As {@link #exceedHalves} says. */
  private boolean tooLarge;

  /** Scratch for keys of one head. */
  private float[] unrotatedRows = {};

  private float[] rotatedRows = {};
  private boolean closed;

  /** Memory and the tensor that shares it. */
  private record Block(Arena arena, MemorySegment memory, NDArray tensor) {
    void close() {
      tensor.close();
      arena.close();
    }
  }

  /**
   * @param residentBytes counts the memory of all arenas of a decoder
   */
  KvArena(
      NDManager hostManager,
      DecoderShape shape,
      int capacity,
      StorageType storage,
      LongAdder residentBytes) {
    if (capacity < 1) {
      throw new IllegalArgumentException(
          "arena capacity is " + capacity + " tokens: use 1 or more");
    }
    this.hostManager = hostManager;
    this.kvHeads = shape.kvHeads();
    this.headDim = shape.headDim();
    this.storage = storage;
    this.residentBytes = residentBytes;
    this.capacity = capacity;
    this.keys = allocate(capacity);
    this.values = allocate(capacity);
  }

  /** Tokens that fit without growing. */
  public int capacity() {
    return capacity;
  }

  public StorageType storage() {
    return storage;
  }

  /**
   * @return float32 [kvHeads, capacity, headDim], row-major, unrotated; valid until the arena grows
   *     or closes
   */
  public MemorySegment keys() {
    return keys.memory();
  }

  /**
   * @return float32 [kvHeads, capacity, headDim], row-major; valid until the arena grows or closes
   */
  public MemorySegment values() {
    return values.memory();
  }

  /** Makes room for tokens, at least doubling when it grows; what was written stays. */
  public void ensureCapacity(int tokens) {
    if (tokens <= capacity) {
      return;
    }
    int grown = (int) Math.min(maxCapacity(), Math.max(tokens, 2L * capacity));
    keys = grow(keys, grown);
    values = grow(values, grown);
    if (rotated != null) {
      rotated = grow(rotated, grown);
    }
    capacity = grown;
  }

  /**
   * Says that entries [from, from + count) were written through {@link #keys()} or {@link
   * #values()}.
   */
  public void changed(int from, int count) {
    fresh.changed(from, count);
    if (entries != null) {
      entries.changed(from, count);
    }
  }

  /**
   * Entries [from, from + count) for decode steps in Java, up to date.
   *
   * @return null if they are not for these: storage in float32 keeps its precision, too many
   *     entries would fill the heap, and {@link #exceedHalves}
   */
  @Nullable HostEntries entries(int from, int count, RotationTable table) {
    if (storage != StorageType.BF16 || tooLarge || from + count > HostEntries.MOST) {
      dropEntries();
      return null;
    }
    HostEntries held = entries;
    if (held == null) {
      held = new HostEntries(kvHeads, headDim);
      entries = held;
    }
    long before = held.bytes();
    held.update(keys.memory(), values.memory(), capacity, from, count, table);
    residentBytes.add(held.bytes() - before);
    return held;
  }

  /**
   * There are numbers that half precision cannot hold: no entries for steps in Java from now on.
   */
  void exceedHalves() {
    tooLarge = true;
    dropEntries();
  }

  private void dropEntries() {
    if (entries != null) {
      residentBytes.add(-entries.bytes());
      entries = null;
    }
  }

  /** The keys, rotated where they are not stale. */
  NDArray rotatedTensor() {
    return kept().tensor();
  }

  private Block kept() {
    Block kept = rotated;
    if (kept == null) {
      kept = allocate(capacity);
      rotated = kept;
    }
    return kept;
  }

  /** Rotates keys [first, first + count) here, without the tensor library. */
  void rotate(int first, int count, RotationTable table) {
    int numbers = Math.multiplyExact(count, headDim);
    if (unrotatedRows.length < numbers) {
      unrotatedRows = new float[numbers];
      rotatedRows = new float[numbers];
    }
    MemorySegment to = kept().memory();
    for (int head = 0; head < kvHeads; head++) {
      long at = 4L * headDim * ((long) head * capacity + first);
      MemorySegment.copy(keys.memory(), ValueLayout.JAVA_FLOAT, at, unrotatedRows, 0, numbers);
      for (int i = 0; i < count; i++) {
        table.rotate(unrotatedRows, rotatedRows, i * headDim, first + i);
      }
      MemorySegment.copy(rotatedRows, 0, to, ValueLayout.JAVA_FLOAT, at, numbers);
    }
  }

  /**
   * The runs of entries in [from, from + count) whose rotation is out of date, which the caller
   * brings up to date.
   *
   * @return first and count of each
   */
  int[] takeStale(int from, int count) {
    return fresh.takeStale(from, count);
  }

  NDArray keyTensor() {
    return keys.tensor();
  }

  NDArray valueTensor() {
    return values.tensor();
  }

  private Block grow(Block old, int grown) {
    Block block = allocate(grown);
    long from = 4L * capacity * headDim;
    long to = 4L * grown * headDim;
    for (int head = 0; head < kvHeads; head++) {
      MemorySegment.copy(old.memory(), head * from, block.memory(), head * to, from);
    }
    free(old);
    return block;
  }

  private Block allocate(int tokens) {
    if (tokens > maxCapacity()) {
      throw new IllegalArgumentException(
          "an arena of %d tokens exceeds 2 GiB (%d KV heads of %d dimensions, at most %d tokens): use a policy that keeps fewer tokens resident"
              .formatted(tokens, kvHeads, headDim, maxCapacity()));
    }
    Arena arena = Arena.ofShared();
    MemorySegment memory = arena.allocate(4L * kvHeads * tokens * headDim, 64);
    NDArray tensor =
        hostManager.create(
            memory.asByteBuffer().order(ByteOrder.nativeOrder()),
            new Shape(kvHeads, tokens, headDim),
            DataType.FLOAT32);
    residentBytes.add(memory.byteSize());
    return new Block(arena, memory, tensor);
  }

  private void free(Block block) {
    residentBytes.add(-block.memory().byteSize());
    block.close();
  }

  /** A tensor shares its memory through a byte buffer, which counts in int. */
  private long maxCapacity() {
    return Integer.MAX_VALUE / (4L * kvHeads * headDim);
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      free(keys);
      free(values);
      if (rotated != null) {
        free(rotated);
      }
      dropEntries();
    }
  }
}
