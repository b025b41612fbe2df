package io.ltri.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.ltri.proto.index.v1.CreateDocumentRequest;
import io.ltri.proto.index.v1.GetNodeRequest;
import io.ltri.proto.index.v1.Layout;
import io.ltri.proto.index.v1.Node;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import io.ltri.proto.index.v1.StorageType;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.grpc.server.lifecycle.GrpcServerLifecycle;

/** The application as its launcher and other tests start it; on a free port. */
@Tag("slow")
class IndexApplicationTest {

  @TempDir Path folder;

  private ConfigurableApplicationContext start(Path data, int port, String... more) {
    String[] arguments = new String[more.length + 2];
    arguments[0] = "--ltri.index.data=" + data;
    arguments[1] = "--ltri.index.port=" + port;
    System.arraycopy(more, 0, arguments, 2, more.length);
    return IndexApplication.builder().run(arguments);
  }

  @Test
  void twoServicesRunSideBySideInOneProcessAndAnswer() throws Exception {
    try (ConfigurableApplicationContext one = start(folder.resolve("one"), 0);
        ConfigurableApplicationContext two = start(folder.resolve("two"), 0)) {
      assertThat(node(one).getDataFolder()).endsWith("one");
      assertThat(node(two).getDataFolder()).endsWith("two");
      assertThat(node(two).getProcessId()).isEqualTo(ProcessHandle.current().pid());
      assertThat(node(two).getHeapUsedBytes()).isPositive();
    }
  }

  @Test
  void takenPortIsOneSentence() {
    try (ConfigurableApplicationContext one = start(folder.resolve("one"), 0)) {
      int port = one.getBean(GrpcServerLifecycle.class).getPort();
      assertThatThrownBy(() -> start(folder.resolve("two"), port))
          .satisfies(
              e ->
                  assertThat(StartFailure.sentence(e))
                      .contains("127.0.0.1:" + port)
                      .contains("another process listens there")
                      .doesNotContain("\n"));
    }
  }

  @Test
  void takenDataFolderIsOneSentence() {
    try (ConfigurableApplicationContext one = start(folder, 0)) {
      assertThat(one.isRunning()).isTrue();
      assertThatThrownBy(() -> start(folder, 0))
          .satisfies(
              e ->
                  assertThat(StartFailure.sentence(e))
                      .startsWith(
                          "the data folder " + folder + " is used by another index service"));
    }
    start(folder, 0).close();
  }

  @Test
  void settingThatMakesNoSenseIsNamed() {
    assertThatThrownBy(() -> start(folder, 0, "--ltri.index.layers-per-file=0"))
        .satisfies(
            e ->
                assertThat(StartFailure.sentence(e))
                    .isEqualTo("ltri.index.layers-per-file must be 1 to 4096, not 0"));
  }

  private static Node node(ConfigurableApplicationContext context) throws Exception {
    ManagedChannel channel =
        ManagedChannelBuilder.forAddress(
                "127.0.0.1", context.getBean(GrpcServerLifecycle.class).getPort())
            .usePlaintext()
            .maxInboundMessageSize(64 << 20)
            .build();
    try {
      assertThat(
              HealthGrpc.newBlockingStub(channel)
                  .check(HealthCheckRequest.getDefaultInstance())
                  .getStatus())
          .isEqualTo(HealthCheckResponse.ServingStatus.SERVING);
      SpanIndexGrpc.SpanIndexBlockingStub index = SpanIndexGrpc.newBlockingStub(channel);
      // More than gRPC takes in by default.
      index.createDocument(
          CreateDocumentRequest.newBuilder()
              .setLayout(
                  Layout.newBuilder()
                      .setLayers(1)
                      .setQueryHeads(1)
                      .setKvHeads(1)
                      .setHeadDim(8)
                      .setStorageType(StorageType.STORAGE_TYPE_FP32)
                      .setScoreScale(1))
              .putAttributes("large", "x".repeat(5 << 20))
              .build());
      return index.getNode(GetNodeRequest.getDefaultInstance());
    } finally {
      channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    }
  }
}
