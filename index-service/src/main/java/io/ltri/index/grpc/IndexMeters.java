package io.ltri.index.grpc;

import io.ltri.edge.watch.ServiceMeters;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import java.util.concurrent.TimeUnit;

/** What calls count and measure, since the start. */
public final class IndexMeters {

  /** Goes nowhere. */
  public static final IndexMeters NONE = new IndexMeters(new CompositeMeterRegistry());

  private final Timer lookups;
  private final Counter lookupsFailed;
  private final Counter tokensRescored;
  private final Counter blocks;
  private final Counter blockBytes;

  public IndexMeters(MeterRegistry registry) {
    lookups =
        Timer.builder("ltri.index.lookups")
            .description("Look-ups that were answered, each for one layer")
            .serviceLevelObjectives(ServiceMeters.BOUNDS)
            .register(registry);
    lookupsFailed =
        Counter.builder("ltri.index.lookups.failed")
            .description("Look-ups that were answered with an error")
            .register(registry);
    tokensRescored =
        Counter.builder("ltri.index.tokens.rescored")
            .description("Tokens of candidates that were scored by their own keys")
            .register(registry);
    blocks =
        Counter.builder("ltri.index.blocks.sent")
            .description("Blocks of keys and values that were sent")
            .register(registry);
    blockBytes =
        Counter.builder("ltri.index.sent")
            .baseUnit("bytes")
            .description("Keys and values that were sent")
            .register(registry);
  }

  void lookedUp(long nanos, long rescored) {
    lookups.record(nanos, TimeUnit.NANOSECONDS);
    tokensRescored.increment(rescored);
  }

  void lookupFailed() {
    lookupsFailed.increment();
  }

  void sent(long bytes) {
    blocks.increment();
    blockBytes.increment(bytes);
  }
}
