package io.ltri.inference;

import static org.assertj.core.api.Assertions.assertThat;

import io.ltri.inference.retrieval.cluster.ClusterSpanIndex;
import io.ltri.placement.IndexNode;
import io.ltri.placement.Placement;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ClusterMetersTest {

  private record Watched(AtomicInteger missing) implements Placement {

    @Override
    public int shards() {
      return 4;
    }

    @Override
    public List<IndexNode> nodes() {
      return List.of();
    }

    @Override
    public List<IndexNode> serving(int shard) {
      return List.of();
    }

    @Override
    public int missingReplicas() {
      return missing.get();
    }

    @Override
    public void onChange(Runnable listener) {}

    @Override
    public void close() {}
  }

  @Test
  void missingReplicasAreThoseOfTheRoutingTableAtThisMoment() {
    AtomicInteger missing = new AtomicInteger(8);
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    try (ClusterSpanIndex index =
        new ClusterSpanIndex(
            new Watched(missing),
            new ClusterSpanIndex.Settings(Duration.ofSeconds(1), 0, 95, 0),
            node -> {
              throw new IllegalStateException("nobody is asked");
            })) {
      ClusterMeters.register(index, registry);
      assertThat(registry.scrape()).contains("\nltri_index_replicas_missing 8.0\n");
      missing.set(0);
      assertThat(registry.scrape()).contains("\nltri_index_replicas_missing 0.0\n");
    }
  }
}
