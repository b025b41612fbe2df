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
import io.ltri.placement.helix.EmbeddedZooKeeper;
import io.ltri.proto.index.v1.DeleteDocumentRequest;
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
    }
  }
}
