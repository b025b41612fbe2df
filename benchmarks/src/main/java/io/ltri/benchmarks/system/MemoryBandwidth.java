package io.ltri.benchmarks.system;

import io.ltri.benchmarks.figure.Result.Bandwidth;
import io.ltri.benchmarks.figure.Spread;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * How fast memory is read: the roofline of decoding, which reads all weights for every token. A
 * plain sum over a block that no cache holds.
 */
final class MemoryBandwidth {
  private static final VectorSpecies<Long> SPECIES = LongVector.SPECIES_PREFERRED;
  private static final int VECTORS = 4;
  private static final int WARM_UPS = 2;
  private static final int ROUNDS = 5;

  private MemoryBandwidth() {}

  /**
   * @param when as in the result
   * @param bytes of the block; several times what the caches hold
   */
  static List<Bandwidth> measure(String when, long bytes, int cores) throws InterruptedException {
    List<Bandwidth> all = new ArrayList<>();
    try (Arena arena = Arena.ofShared();
        ExecutorService threads = Executors.newFixedThreadPool(cores)) {
      MemorySegment block = arena.allocate(bytes, 64);
      block.fill((byte) 1);
      for (int count : cores == 1 ? List.of(1) : List.of(1, cores)) {
        double[] rates = new double[ROUNDS];
        for (int round = -WARM_UPS; round < ROUNDS; round++) {
          long start = System.nanoTime();
          read(block, count, threads);
          double seconds = (System.nanoTime() - start) / 1e9;
          if (round >= 0) {
            rates[round] = bytes / seconds / 1e9;
          }
        }
        all.add(new Bandwidth(when, count, bytes, Spread.of(rates)));
      }
    }
    return all;
  }

  private static void read(MemorySegment block, int count, ExecutorService threads)
      throws InterruptedException {
    long unit = (long) VECTORS * SPECIES.vectorByteSize();
    long share = block.byteSize() / count / unit * unit;
    List<Future<Long>> sums = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      MemorySegment part = block.asSlice(i * share, share);
      sums.add(threads.submit(() -> sum(part)));
    }
    long expected = 0x0101010101010101L * (share / Long.BYTES);
    for (Future<Long> sum : sums) {
      try {
        if (sum.get() != expected) {
          throw new IllegalStateException("memory does not hold what was written");
        }
      } catch (ExecutionException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static long sum(MemorySegment block) {
    ByteOrder order = ByteOrder.nativeOrder();
    int step = SPECIES.vectorByteSize();
    LongVector a = LongVector.zero(SPECIES);
    LongVector b = a;
    LongVector c = a;
    LongVector d = a;
    for (long at = 0; at < block.byteSize(); at += (long) VECTORS * step) {
      a = a.add(LongVector.fromMemorySegment(SPECIES, block, at, order));
      b = b.add(LongVector.fromMemorySegment(SPECIES, block, at + step, order));
      c = c.add(LongVector.fromMemorySegment(SPECIES, block, at + 2L * step, order));
      d = d.add(LongVector.fromMemorySegment(SPECIES, block, at + 3L * step, order));
    }
    return a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD);
  }
}
