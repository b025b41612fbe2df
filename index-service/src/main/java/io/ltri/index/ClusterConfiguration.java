package io.ltri.index;

import io.ltri.index.grpc.ClusterCalls;
import io.ltri.index.search.SpanSearch;
import io.ltri.index.store.DocumentStore;
import java.util.Optional;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.grpc.server.lifecycle.GrpcServerLifecycle;

/** Makes this process a node of a cluster where its settings name one. */
@Configuration(proxyBeanMethods = false)
class ClusterConfiguration {

  /** A node of a cluster, or of none. */
  record Place(Optional<ClusterNode> node) implements AutoCloseable {

    ClusterCalls calls() {
      return node.<ClusterCalls>map(known -> known).orElse(ClusterCalls.NONE);
    }

    Optional<String> problem() {
      return node.flatMap(ClusterNode::problem);
    }

    @Override
    public void close() {
      node.ifPresent(ClusterNode::close);
    }
  }

  @Bean
  Place place(IndexSettings settings, DocumentStore store) {
    return new Place(
        settings.zookeeper().isEmpty()
            ? Optional.empty()
            : Optional.of(ClusterNode.open(settings, store)));
  }

  /** Last of all that is done at the start: who is routed here must be served. */
  @Bean
  @Order(Ordered.LOWEST_PRECEDENCE)
  ApplicationListener<ApplicationReadyEvent> join(
      Place place, SpanSearch search, GrpcServerLifecycle server) {
    return event ->
        place
            .node()
            .ifPresent(
                node -> {
                  try {
                    node.listens(server.getPort());
                    search.awaitWarm();
                    node.join();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new IllegalStateException("the start was broken off", e);
                  }
                });
  }

  /** Before the server stops. */
  @Bean
  ApplicationListener<ContextClosedEvent> drain(Place place) {
    return event -> place.node().ifPresent(ClusterNode::drain);
  }
}
