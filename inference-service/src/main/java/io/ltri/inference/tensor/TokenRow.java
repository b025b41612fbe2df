package io.ltri.inference.tensor;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a decode step keeps of its one token on the host, and the small arithmetic on it: a few
 * hundred numbers per layer, for which an operation of the tensor library costs more to call than
 * to compute. Multiplications and additions round one by one, as the programs round them. In plain
 * arrays, which are quick before they are compiled, too. Made once and lent to one step after
 * another.
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
  private final int queryWidth;

  /** Queries, keys and values of the token; of these the queries are not rounded. */
  private final float[] row;

  private final float[] turned;

  /** Of the entries nearest to the token, in text order, float32 [queryHeads, bandWidth]. */
  private @Nullable HostTensor probabilities;

  private float[] mean = {};

  /** Float32 [1, bandWidth]. */
  private @Nullable HostTensor band;

  TokenRow(DecoderShape shape, NDManager manager) {
    this.shape = shape;
    this.manager = manager;
    queryWidth = shape.queryHeads() * shape.headDim();
    row = new float[queryWidth + 2 * shape.kvHeads() * shape.headDim()];
    turned = new float[queryWidth];
    Shape heads = new Shape(shape.queryHeads(), 1, shape.headDim());
    queries = HostTensor.of(manager, heads);
    scaled = HostTensor.of(manager, heads);
    lookup = HostTensor.of(manager, heads);
    logits = HostTensor.of(manager, new Shape(1, shape.vocabulary()));
  }

  HostTensor queries() {
    return queries;
  }

  /** What {@link #scale} gave last, for the programs. */
  HostTensor scaled() {
    MemorySegment.copy(turned, 0, scaled.memory(), FLOAT, 0, queryWidth);
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
    MemorySegment.copy(projected, FLOAT, 0, row, 0, row.length);
    store(arena, position);
  }

  /** The same, of an array. */
  void store(float[] projected, KvArena arena, int position) {
    System.arraycopy(projected, 0, row, 0, row.length);
    store(arena, position);
  }

  private void store(KvArena arena, int position) {
    int dim = shape.headDim();
    MemorySegment.copy(row, 0, queries.memory(), FLOAT, 0, queryWidth);
    if (arena.storage() == StorageType.BF16) {
      for (int i = queryWidth; i < row.length; i++) {
        row[i] = toBfloat16(row[i]);
      }
    }
    int values = queryWidth + shape.kvHeads() * dim;
    for (int head = 0; head < shape.kvHeads(); head++) {
      long at = 4L * dim * ((long) head * arena.capacity() + position);
      MemorySegment.copy(row, queryWidth + head * dim, arena.keys(), FLOAT, at, dim);
      MemorySegment.copy(row, values + head * dim, arena.values(), FLOAT, at, dim);
    }
    arena.changed(position, 1);
  }

  /** To the nearest, ties to even; not a number stays one. */
  static float toBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return Float.intBitsToFloat((bits | 0x0040_0000) & 0xFFFF_0000);
    }
    return Float.intBitsToFloat((bits + 0x7FFF + ((bits >>> 16) & 1)) & 0xFFFF_0000);
  }

  /**
   * The queries, rotated to a position and scaled for scores.
   *
   * @return [queryHeads * headDim]; valid until the next call of a method that rotates
   */
  float[] scale(RotationTable table, int position) {
    rotate(table, position);
    float temperature = (float) (1 / Math.sqrt(shape.headDim()));
    for (int i = 0; i < queryWidth; i++) {
      turned[i] *= temperature;
    }
    return turned;
  }

  /** The queries rotated to a position, not scaled. */
  MemorySegment lookup(RotationTable table, int position) {
    rotate(table, position);
    MemorySegment.copy(turned, 0, lookup.memory(), FLOAT, 0, queryWidth);
    return lookup.memory();
  }

  private void rotate(RotationTable table, int position) {
    for (int at = 0; at < queryWidth; at += shape.headDim()) {
      table.rotate(row, turned, at, position);
    }
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
    MemorySegment all = probabilities(bandWidth).memory();
    float[] mean = emptyBand(bandWidth);
    float[] head = new float[seen];
    for (int h = 0; h < shape.queryHeads(); h++) {
      MemorySegment.copy(all, FLOAT, 4L * h * bandWidth, head, 0, seen);
      for (int o = 0; o < seen; o++) {
        mean[o] += head[seen - 1 - o];
      }
    }
    for (int o = 0; o < seen; o++) {
      mean[o] /= shape.queryHeads();
    }
    return band(mean);
  }

  /** Zeros, valid until the next call. */
  float[] emptyBand(int bandWidth) {
    if (mean.length != bandWidth) {
      mean = new float[bandWidth];
    }
    Arrays.fill(mean, 0);
    return mean;
  }

  /**
   * A band in native memory.
   *
   * @param mean probabilities, the nearest entry first
   */
  MemorySegment band(float[] mean) {
    HostTensor out = band;
    if (out == null || out.memory().byteSize() != 4L * mean.length) {
      if (out != null) {
        out.close();
      }
      out = HostTensor.of(manager, new Shape(1, mean.length));
      band = out;
    }
    MemorySegment.copy(mean, 0, out.memory(), FLOAT, 0, mean.length);
    return out.memory();
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
