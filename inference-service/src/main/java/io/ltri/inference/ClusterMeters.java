package io.ltri.inference;

import io.ltri.inference.retrieval.cluster.ClusterSpanIndex;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;

/** What is to be seen of a cluster of index nodes by those who ask it. */
final class ClusterMeters {

  private ClusterMeters() {}

  static void register(ClusterSpanIndex index, MeterRegistry registry) {
    Gauge.builder("ltri.index.replicas.missing", index, ClusterSpanIndex::missingReplicas)
        .description("replicas of shards that no index node serves, of those that are asked for")
        .register(registry);
    FunctionCounter.builder("ltri.index.moves", index, ClusterSpanIndex::moves)
        .description("sequences that went on at another index node")
        .register(registry);
    FunctionCounter.builder("ltri.index.hedges", index, ClusterSpanIndex::hedges)
        .description("look-ups and fetches for which a second index node was asked")
        .register(registry);
    FunctionCounter.builder("ltri.index.hedges.won", index, ClusterSpanIndex::hedgesWon)
        .description("of these, those that the second one answered first")
        .register(registry);
    Gauge.builder("ltri.index.replay.bytes", index, ClusterSpanIndex::replayBytes)
        .description("private spans that are kept to be given to other index nodes")
        .baseUnit("bytes")
        .register(registry);
  }
}
