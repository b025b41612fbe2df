package io.ltri.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.ltri.edge.LocalSocket;
import io.ltri.proto.index.v1.GetNodeRequest;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.context.ConfigurableApplicationContext;

class SocketServerTest {

  @TempDir private Path folder;

  private Path socket;

  @BeforeEach
  void needsSockets() {
    socket = folder.resolve("run").resolve("index.sock");
    assumeTrue(LocalSocket.works(socket));
  }

  private ConfigurableApplicationContext start(String... more) {
    String[] arguments = {
      "--ltri.index.port=0",
      "--ltri.index.watch.port=-1",
      "--ltri.index.data=" + folder,
      "--ltri.index.socket=" + socket
    };
    String[] all = new String[arguments.length + more.length];
    System.arraycopy(arguments, 0, all, 0, arguments.length);
    System.arraycopy(more, 0, all, arguments.length, more.length);
    return IndexApplication.builder().run(all);
  }

  private String nodeVersion() {
    ManagedChannel channel = LocalSocket.channel(socket).usePlaintext().build();
    try {
      return SpanIndexGrpc.newBlockingStub(channel)
          .withDeadlineAfter(10, TimeUnit.SECONDS)
          .getNode(GetNodeRequest.getDefaultInstance())
          .getVersion();
    } finally {
      channel.shutdownNow();
    }
  }

  @Test
  void theServicesAreOnTheSocketForThisUserAlone() throws IOException {
    try (ConfigurableApplicationContext service = start()) {
      assertThat(nodeVersion()).isEqualTo(IndexConfiguration.version());
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
          .isEqualTo("rw-------");
    }
    assertThat(socket).doesNotExist();
  }

  @Test
  void aSocketThatAKilledServiceLeftIsReplaced() throws IOException {
    Files.createDirectories(socket.getParent());
    Files.createFile(socket);
    try (ConfigurableApplicationContext service = start()) {
      assertThat(nodeVersion()).isEqualTo(IndexConfiguration.version());
    }
  }

  @Test
  void noneIsNoSocket() {
    socket = Path.of("none");
    try (ConfigurableApplicationContext service = start()) {
      assertThat(service.getBean(SocketServer.class).isRunning()).isFalse();
    }
    assertThat(socket).doesNotExist();
  }

  @Test
  void aPathMayHaveAQuote() throws IOException {
    socket = folder.resolve("who's").resolve("index.sock");
    try (ConfigurableApplicationContext service = start()) {
      assertThat(nodeVersion()).isEqualTo(IndexConfiguration.version());
    }
  }

  @Test
  void aTokenIsWantedThereToo() throws IOException {
    Path tokens = folder.resolve("tokens");
    Files.writeString(tokens, "");
    try (ConfigurableApplicationContext service =
        start("--ltri.index.access.token-file=" + tokens)) {
      assertThatThrownBy(this::nodeVersion)
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED));
    }
  }
}
