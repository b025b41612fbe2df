package io.ltri.benchmarks.kernel;

import io.ltri.index.store.LayerView;
import io.ltri.index.store.OpenDocument;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Blocks of random spans out of the block file, which the system has in memory. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class BlockReadBenchmark {
  private static final int SPANS = 1_800;

  /** As many as fill the default budget, about. */
  private static final int BLOCKS = 15;

  private final Random random = new Random(2);
  private final byte[] target =
      new byte[Math.toIntExact(RandomDocument.LAYOUT.partBytes(RandomDocument.SPAN_TOKENS))];
  private @Nullable RandomDocument made;
  private @Nullable OpenDocument document;

  @Setup
  public void open() throws IOException {
    RandomDocument fresh = new RandomDocument(SPANS);
    made = fresh;
    document = fresh.store().open(fresh.id());
  }

  /** Keys and values of as many spans as fill a budget, copied. */
  @Benchmark
  public byte[] budgetOfBlocks() {
    LayerView layer = Made.of(document).layer(0);
    for (int i = 0; i < BLOCKS; i++) {
      int span = random.nextInt(SPANS);
      MemorySegment.copy(
          layer.keys(span), java.lang.foreign.ValueLayout.JAVA_BYTE, 0, target, 0, target.length);
      MemorySegment.copy(
          layer.values(span), java.lang.foreign.ValueLayout.JAVA_BYTE, 0, target, 0, target.length);
    }
    return target;
  }

  @TearDown
  public void close() throws Exception {
    Made.of(document).close();
    Made.of(made).close();
  }
}
