package io.ltri.benchmarks.kernel;

import io.ltri.inference.span.Band;
import io.ltri.inference.span.ClosedSpan;
import io.ltri.inference.span.IndexVectors;
import io.ltri.inference.span.KeySource;
import io.ltri.inference.span.Segmentation;
import io.ltri.inference.span.SpanRange;
import io.ltri.inference.span.SpanSettings;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What one layer costs per token of a text that is read: cutting into spans, and their vectors. A
 * random band of the default settings; 3 KV heads of 64, as the default model has.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class SegmentationBenchmark {
  private static final int TOKENS = 1024;
  private static final int SINK = 64;
  private static final int KV_HEADS = 3;
  private static final int HEAD_DIM = 64;
  private static final SpanSettings SETTINGS = SpanSettings.DEFAULT;

  private Band band = new Band(1, 0);
  private List<SpanRange> spans = List.of();
  private KeySource keys = new KeySource(MemorySegment.NULL, 1, 0, 1, 0);

  @Setup
  public void fill() {
    Random random = new Random(1);
    int width = SETTINGS.bandWidth();
    band = new Band(width, SINK);
    float[] rows = new float[TOKENS * width];
    for (int i = 0; i < rows.length; i++) {
      // As attention is: a few large values, many small ones.
      rows[i] = (float) Math.pow(random.nextDouble(), 8);
    }
    band.append(rows, TOKENS);
    spans = Segmentation.segment(band, SINK, TOKENS, SETTINGS);
    float[] numbers = new float[KV_HEADS * TOKENS * HEAD_DIM];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = (float) random.nextGaussian();
    }
    keys = new KeySource(MemorySegment.ofArray(numbers), KV_HEADS, TOKENS, HEAD_DIM, 0);
  }

  @Benchmark
  @OperationsPerInvocation(TOKENS - SINK)
  public List<SpanRange> cut() {
    return Segmentation.segment(band, SINK, TOKENS, SETTINGS);
  }

  @Benchmark
  @OperationsPerInvocation(TOKENS - SINK)
  public List<ClosedSpan> summarise() {
    return IndexVectors.summarise(band, spans, keys, SETTINGS);
  }
}
