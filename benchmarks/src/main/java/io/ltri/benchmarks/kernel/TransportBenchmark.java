package io.ltri.benchmarks.kernel;

import io.ltri.index.IndexApplication;
import io.ltri.inference.retrieval.BlockLayout;
import io.ltri.inference.retrieval.Candidate;
import io.ltri.inference.retrieval.GrpcSpanIndex;
import io.ltri.inference.retrieval.LookupStream;
import io.ltri.inference.retrieval.NewDocument;
import io.ltri.inference.retrieval.OffloadedSpan;
import io.ltri.inference.retrieval.SearchRule;
import io.ltri.inference.retrieval.SpanBlock;
import io.ltri.inference.retrieval.SpanIndex;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
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
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.grpc.server.lifecycle.GrpcServerLifecycle;

/**
 * The way to the index service and back, by TCP on the loopback within one process: a look-up of a
 * document so small that nothing is left to search, and blocks.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 3)
@Measurement(iterations = 5, time = 3)
@Fork(
    value = 1,
    jvmArgsAppend = {
      "--add-modules=jdk.incubator.vector",
      "--enable-native-access=ALL-UNNAMED",
      "--sun-misc-unsafe-memory-access=allow"
    })
public class TransportBenchmark {
  private static final BlockLayout LAYOUT = new BlockLayout(1, 9, 3, 64, 2, 0.125f);
  private static final int TOKENS = 18;
  private static final int SPANS = 64;
  private static final Duration DEADLINE = Duration.ofSeconds(10);

  /** Of a fetch; 4.6 KB of keys and as much of values each. */
  @Param({"1", "15", "60"})
  public int blocks;

  /** Outside the heap, as those of a step are. */
  private final MemorySegment queries = Arena.ofAuto().allocate(4L * 9 * 64, 64);

  private int[] wanted = {};
  private String document = "";
  private @Nullable Path folder;
  private @Nullable ConfigurableApplicationContext service;
  private @Nullable SpanIndex index;
  private @Nullable LookupStream lookups;

  @Setup
  public void open() throws IOException {
    Path data = Files.createTempDirectory("ltri-benchmark");
    folder = data;
    ConfigurableApplicationContext started =
        IndexApplication.builder()
            .run("--ltri.index.port=0", "--ltri.index.watch.port=-1", "--ltri.index.data=" + data);
    service = started;
    int port = started.getBean(GrpcServerLifecycle.class).getPort();
    SpanIndex connected = GrpcSpanIndex.connect("127.0.0.1:" + port);
    index = connected;
    document = connected.create(NewDocument.ephemeral(LAYOUT)).id();
    Random random = new Random(1);
    List<OffloadedSpan> spans = new ArrayList<>();
    for (int i = 0; i < SPANS; i++) {
      float[] vectors = new float[3 * 64];
      for (int v = 0; v < vectors.length; v++) {
        vectors[v] = (float) random.nextGaussian();
      }
      MemorySegment part = MemorySegment.ofArray(new byte[LAYOUT.partBytes(TOKENS)]);
      spans.add(
          new OffloadedSpan(
              0, 0, vectors, new SpanBlock(TOKENS * i, TOKENS * i + TOKENS, part, part)));
    }
    connected.append(document, 0, spans);
    lookups = connected.lookups(List.of(document));
    wanted = IntStream.range(0, blocks).toArray();
  }

  @Benchmark
  public List<Candidate> lookUp() {
    return Made.of(lookups).ask(0, queries, 1, TOKENS, 0, SearchRule.DEFAULT).await(DEADLINE);
  }

  @Benchmark
  public List<SpanBlock> fetch() {
    return Made.of(index).fetch(document, 0, wanted, DEADLINE);
  }

  @TearDown
  public void close() throws IOException {
    Made.of(lookups).close();
    Made.of(index).close();
    Made.of(service).close();
    try (var files = Files.walk(Made.of(folder))) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
