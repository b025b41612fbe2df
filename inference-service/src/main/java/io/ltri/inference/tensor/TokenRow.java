package io.ltri.inference.tensor;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * What a decode step keeps of its one token on the host, and the small arithmetic on it: a few
 * hundred numbers per layer, for which an operation of the tensor library costs more to call than
 * to compute. Multiplications and additions round one by one, as the programs round them. Made once
 * and lent to one step after another.
 */
final class TokenRow implements AutoCloseable {

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

  private final DecoderShape shape;
  private final NDManager manager;

  /** Not rotated, float32 [queryHeads, 1, headDim]. */
  private final HostTensor queries;

  /** Rotated and scaled for scores, of the same shape. */
  private final HostTensor scaled;

  /** Rotated for a look-up, of the same shape. */
  private final HostTensor lookup;

  private final HostTensor logits;

  /** Of the entries nearest to the token, in text order, float32 [queryHeads, bandWidth]. */
  private @Nullable HostTensor probabilities;

  /** Float32 [1, bandWidth]. */
  private @Nullable HostTensor band;

  TokenRow(DecoderShape shape, NDManager manager) {
    this.shape = shape;
    this.manager = manager;
    Shape row = new Shape(shape.queryHeads(), 1, shape.headDim());
    queries = HostTensor.of(manager, row);
    scaled = HostTensor.of(manager, row);
    lookup = HostTensor.of(manager, row);
    logits = HostTensor.of(manager, new Shape(1, shape.vocabulary()));
  }

  HostTensor queries() {
    return queries;
  }

  HostTensor scaled() {
    return scaled;
  }

  HostTensor logits() {
    return logits;
  }

  /**
   * Takes the queries; puts key and value, rounded to the arena's storage type, at a position.
   *
   * @param projected queries, keys and values of the token, float32
   */
  void store(MemorySegment projected, KvArena arena, int position) {
    int dim = shape.headDim();
    long queryBytes = queries.memory().byteSize();
    MemorySegment.copy(projected, 0, queries.memory(), 0, queryBytes);
    long headBytes = 4L * dim;
    for (int head = 0; head < shape.kvHeads(); head++) {
      long to = headBytes * ((long) head * arena.capacity() + position);
      long key = queryBytes + head * headBytes;
      long value = key + shape.kvHeads() * headBytes;
      round(projected, key, arena.keys(), to, dim, arena.storage());
      round(projected, value, arena.values(), to, dim, arena.storage());
    }
    arena.changed(position, 1);
  }

  private static void round(
      MemorySegment from, long offset, MemorySegment to, long at, int count, StorageType storage) {
    if (storage == StorageType.FP32) {
      MemorySegment.copy(from, offset, to, at, 4L * count);
      return;
    }
    for (int i = 0; i < count; i++) {
      to.set(FLOAT, at + 4L * i, toBfloat16(from.get(FLOAT, offset + 4L * i)));
    }
  }

  /** To the nearest, ties to even; not a number stays one. */
  static float toBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return Float.intBitsToFloat((bits | 0x0040_0000) & 0xFFFF_0000);
    }
    return Float.intBitsToFloat((bits + 0x7FFF + ((bits >>> 16) & 1)) & 0xFFFF_0000);
  }

  /** Rotates the queries to a position, for scores. */
  void scale(RotationTable table, int position) {
    float temperature = (float) (1 / Math.sqrt(shape.headDim()));
    for (int head = 0; head < shape.queryHeads(); head++) {
      table.rotate(queries.memory(), scaled.memory(), (long) head * shape.headDim(), position);
    }
    int count = shape.queryHeads() * shape.headDim();
    for (int i = 0; i < count; i++) {
      float value = scaled.memory().get(FLOAT, 4L * i);
      scaled.memory().set(FLOAT, 4L * i, value * temperature);
    }
  }

  /** The queries rotated to a position, not scaled. */
  MemorySegment lookup(RotationTable table, int position) {
    for (int head = 0; head < shape.queryHeads(); head++) {
      table.rotate(queries.memory(), lookup.memory(), (long) head * shape.headDim(), position);
    }
    return lookup.memory();
  }

  /** Where the program puts the probabilities of which a band is made. */
  HostTensor probabilities(int bandWidth) {
    HostTensor room = probabilities;
    if (room == null || room.tensor().getShape().get(1) != bandWidth) {
      if (room != null) {
        room.close();
      }
      room = HostTensor.of(manager, new Shape(shape.queryHeads(), bandWidth));
      probabilities = room;
    }
    return room;
  }

  /**
   * Mean over the query heads, the nearest entry first.
   *
   * @param seen so many entries have probabilities; the others of the band are 0
   */
  MemorySegment band(int bandWidth, int seen) {
    HostTensor out = band;
    if (out == null || out.memory().byteSize() != 4L * bandWidth) {
      if (out != null) {
        out.close();
      }
      out = HostTensor.of(manager, new Shape(1, bandWidth));
      band = out;
    }
    MemorySegment all = probabilities(bandWidth).memory();
    MemorySegment row = out.memory();
    int heads = shape.queryHeads();
    for (int o = 0; o < seen; o++) {
      float sum = 0;
      for (int head = 0; head < heads; head++) {
        sum += all.get(FLOAT, 4L * ((long) head * bandWidth + seen - 1 - o));
      }
      row.set(FLOAT, 4L * o, sum / heads);
    }
    row.asSlice(4L * seen).fill((byte) 0);
    return row;
  }

  @Override
  public void close() {
    queries.close();
    scaled.close();
    lookup.close();
    logits.close();
    if (probabilities != null) {
      probabilities.close();
    }
    if (band != null) {
      band.close();
    }
  }
}
