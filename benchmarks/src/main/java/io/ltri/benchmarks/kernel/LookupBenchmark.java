package io.ltri.benchmarks.kernel;

import io.ltri.index.search.LookUp;
import io.ltri.index.search.LookUpAnswer;
import io.ltri.index.search.SearchLimits;
import io.ltri.index.search.SpanSearch;
import io.ltri.index.store.OpenDocument;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A look-up of one layer in the index, without transport: scan of all vectors, and 2,048 candidate
 * tokens scored with their keys. Lucene's graphs are not used at any size here.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 3)
@Measurement(iterations = 5, time = 3)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class LookupBenchmark {

  /** 450 spans are 8K tokens of text, 1,800 are 32K, 7,200 are 128K. */
  @Param({"450", "1800", "7200"})
  public int spans;

  /** 1 while decoding, 64 while reading. */
  @Param({"1", "64"})
  public int queries;

  @Param("1")
  public int threads;

  private @Nullable RandomDocument random;
  private @Nullable OpenDocument document;
  private @Nullable SpanSearch search;
  private @Nullable LookUp lookUp;

  @Setup
  public void open() throws IOException {
    RandomDocument made = new RandomDocument(spans);
    random = made;
    document = made.store().open(made.id());
    search = new SpanSearch(threads, new SearchLimits(64, 1 << 16));
    int heads = RandomDocument.LAYOUT.queryHeads();
    lookUp =
        new LookUp(
            0, made.floats(heads * queries * RandomDocument.LAYOUT.headDim()), queries, 2_048, 512);
  }

  @Benchmark
  public LookUpAnswer search() {
    return Made.of(search).search(List.of(Made.of(document)), Made.of(lookUp));
  }

  @TearDown
  public void close() throws Exception {
    Made.of(search).close();
    Made.of(document).close();
    Made.of(random).close();
  }
}
