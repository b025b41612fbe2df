package io.ltri.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.ltri.edge.watch.Management;
import io.ltri.index.store.DocumentStore;
import io.ltri.index.store.SealedSample;
import io.ltri.index.store.SearchMode;
import io.ltri.index.store.WrongStateException;
import io.ltri.placement.Shards;
import io.ltri.placement.helix.EmbeddedZooKeeper;
import io.ltri.proto.index.v1.DeleteDocumentRequest;
import io.ltri.proto.index.v1.Document;
import io.ltri.proto.index.v1.GetDocumentRequest;
import io.ltri.proto.index.v1.GetNodeRequest;
import io.ltri.proto.index.v1.LoadDocumentRequest;
import io.ltri.proto.index.v1.Node;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.grpc.server.lifecycle.GrpcServerLifecycle;

/** Index services as nodes of a cluster, with a ZooKeeper in this process. */
@Tag("slow")
class ClusterNodesTest {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int SHARDS = 4;

  @TempDir Path folder;

  private final SealedSample sample = new SealedSample(3);
  private final List<ManagedChannel> channels = new ArrayList<>();
  private EmbeddedZooKeeper zookeeper;

  @BeforeEach
  void startZooKeeper() throws Exception {
    zookeeper = EmbeddedZooKeeper.start(folder.resolve("zookeeper"), 0);
    Files.createDirectory(folder.resolve("library"));
  }

  @AfterEach
  void stopZooKeeper() {
    channels.forEach(ManagedChannel::shutdownNow);
    zookeeper.close();
  }

  private ConfigurableApplicationContext start(String name) {
    return IndexApplication.builder()
        .run(
            "--ltri.index.data=" + folder.resolve(name),
            "--ltri.index.port=0",
            "--ltri.index.watch.port=0",
            "--ltri.index.zookeeper=" + zookeeper.connectString(),
            "--ltri.index.blobs=folder:" + folder.resolve("library"),
            "--ltri.index.shards=" + SHARDS,
            "--ltri.index.node=" + name,
            "--ltri.index.zone=zone-" + name);
  }

  private SpanIndexGrpc.SpanIndexBlockingStub client(ConfigurableApplicationContext node) {
    ManagedChannel channel =
        ManagedChannelBuilder.forAddress(
                "127.0.0.1", node.getBean(GrpcServerLifecycle.class).getPort())
            .usePlaintext()
            .build();
    channels.add(channel);
    return SpanIndexGrpc.newBlockingStub(channel);
  }

  private static Node node(SpanIndexGrpc.SpanIndexBlockingStub client) {
    return client.getNode(GetNodeRequest.getDefaultInstance());
  }

  @Test
  void nodesShareDocumentsAndOneTakesOverWhenTheOtherLeaves() {
    try (ConfigurableApplicationContext one = start("one")) {
      SpanIndexGrpc.SpanIndexBlockingStub first = client(one);
      await().atMost(PATIENCE).until(() -> node(first).getShardsCount() == SHARDS);
      assertThat(node(first).getName()).isEqualTo("one");
      assertThat(node(first).getZone()).isEqualTo("zone-one");
      assertThat(node(first).getShardCount()).isEqualTo(SHARDS);
      String before = sample.seal(one.getBean(DocumentStore.class), SearchMode.SCAN);
      String after;
      ConfigurableApplicationContext two = start("two");
      try (two) {
        SpanIndexGrpc.SpanIndexBlockingStub second = client(two);
        await().atMost(PATIENCE).until(() -> node(second).getShardsCount() == SHARDS);
        assertThat(two.getBean(Management.class).readiness().problem()).isEmpty();
        sample.assertWhole(two.getBean(DocumentStore.class), before);
        // Others are told of what is published and deleted, once they are routed to.
        await()
            .atMost(PATIENCE)
            .until(
                () -> {
                  String id = sample.seal(one.getBean(DocumentStore.class), SearchMode.SCAN);
                  return two.getBean(DocumentStore.class).list(false).stream()
                      .anyMatch(document -> document.id().equals(id));
                });
        after = sample.seal(two.getBean(DocumentStore.class), SearchMode.GRAPH);
        assertThat(node(second).getUnpublishedDocuments()).isZero();
        var unused =
            second.deleteDocument(DeleteDocumentRequest.newBuilder().setId(before).build());
        assertThatThrownBy(
                () -> first.getDocument(GetDocumentRequest.newBuilder().setId(before).build()))
            .isInstanceOf(StatusRuntimeException.class)
            .hasMessageContaining("NOT_FOUND");
      }
      await().atMost(PATIENCE).until(() -> node(first).getShardsCount() == SHARDS);
      sample.assertWhole(one.getBean(DocumentStore.class), after);
    }
  }

  private static boolean has(ConfigurableApplicationContext node, String id) {
    return node.getBean(DocumentStore.class).list(false).stream()
        .anyMatch(document -> document.id().equals(id));
  }

  /** How many have the document and its shard; copies may be left where the shard was before. */
  private long serving(List<ConfigurableApplicationContext> nodes, String id) {
    return nodes.stream()
        .filter(node -> has(node, id))
        .filter(node -> node(client(node)).getShardsList().contains(Shards.of(id, SHARDS)))
        .count();
  }

  @Test
  void aDocumentIsServedByAsManyNodesAsItAsksForAlsoAfterEverythingBeganAnew() throws Exception {
    List<ConfigurableApplicationContext> nodes = new ArrayList<>();
    String one;
    String three;
    try {
      for (String name : List.of("one", "two", "three")) {
        nodes.add(start(name));
      }
      DocumentStore first = nodes.getFirst().getBean(DocumentStore.class);
      await().atMost(PATIENCE).until(() -> node(client(nodes.get(2))).getShardsCount() > 0);
      assertThatThrownBy(() -> sample.seal(first, SearchMode.SCAN, 4))
          .isInstanceOf(WrongStateException.class)
          .hasMessageContaining("4 replicas are asked for, and the cluster can have 3");
      three = sample.seal(first, SearchMode.SCAN, 3);
      one = sample.seal(first, SearchMode.SCAN, 1);
      // In the first moment there may be shards of three replicas that a node has not loaded yet.
      await().atMost(PATIENCE).until(() -> nodes.stream().allMatch(node -> has(node, three)));
      assertThat(nodes).filteredOn(node -> has(node, one)).hasSize(1);
      for (ConfigurableApplicationContext node : nodes) {
        sample.assertWhole(node.getBean(DocumentStore.class), three);
      }
      Document told =
          client(nodes.get(1)).getDocument(GetDocumentRequest.newBuilder().setId(three).build());
      assertThat(told.getReplicas()).isEqualTo(3);
      String gone = sample.seal(first, SearchMode.SCAN, 3);
      await().atMost(PATIENCE).until(() -> nodes.stream().allMatch(node -> has(node, gone)));
      var unused =
          client(nodes.get(2))
              .deleteDocument(DeleteDocumentRequest.newBuilder().setId(gone).build());
      assertThat(nodes).noneMatch(node -> has(node, gone));
    } finally {
      nodes.forEach(ConfigurableApplicationContext::close);
      nodes.clear();
    }
    // Nothing is left of the placement, and nothing of two nodes: what there was is in the library.
    zookeeper.close();
    zookeeper = EmbeddedZooKeeper.start(folder.resolve("zookeeper-2"), 0);
    try {
      for (String name : List.of("four", "five", "six")) {
        nodes.add(start(name));
      }
      await().atMost(PATIENCE).until(() -> nodes.stream().allMatch(node -> has(node, three)));
      await().atMost(PATIENCE).until(() -> serving(nodes, three) == 3 && serving(nodes, one) == 1);
    } finally {
      nodes.forEach(ConfigurableApplicationContext::close);
    }
  }

  @Test
  void clusterWithoutBlobStoreIsRefusedInOneSentence() {
    assertThatThrownBy(
            () ->
                IndexApplication.builder()
                    .run(
                        "--ltri.index.data=" + folder.resolve("x"),
                        "--ltri.index.port=0",
                        "--ltri.index.zookeeper=" + zookeeper.connectString()))
        .satisfies(e -> assertThat(StartFailure.sentence(e)).contains("LTRI_INDEX_BLOBS"));
    assertThatThrownBy(
            () ->
                IndexApplication.builder()
                    .run(
                        "--ltri.index.data=" + folder.resolve("y"),
                        "--ltri.index.port=0",
                        "--ltri.index.watch.port=0",
                        "--ltri.index.zookeeper=" + zookeeper.connectString(),
                        "--ltri.index.blobs=folder:" + folder.resolve("not-there")))
        .satisfies(e -> assertThat(StartFailure.sentence(e)).contains("mount it"));
  }

  @Test
  void nodeOfNoClusterRefusesTheCallsOfOne() {
    try (ConfigurableApplicationContext alone =
        IndexApplication.builder()
            .run(
                "--ltri.index.data=" + folder.resolve("alone"),
                "--ltri.index.port=0",
                "--ltri.index.watch.port=0")) {
      assertThatThrownBy(
              () -> client(alone).loadDocument(LoadDocumentRequest.newBuilder().setId("x").build()))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION));
      assertThat(node(client(alone)).getShardCount()).isZero();
      // It has one copy of what asks for three, and says so.
      String three = sample.seal(alone.getBean(DocumentStore.class), SearchMode.SCAN, 3);
      Document told =
          client(alone).getDocument(GetDocumentRequest.newBuilder().setId(three).build());
      assertThat(told.getReplicas()).isEqualTo(3);
    }
  }
}
