package io.ltri.client.command;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.ltri.client.LtriClient;
import io.ltri.client.LtriException;
import io.ltri.client.ServerInfo;
import io.ltri.client.command.ServiceState.Serving;
import io.ltri.client.command.ServiceState.Starting;
import io.ltri.client.command.ServiceState.Stopped;
import io.ltri.edge.access.ClientAccess;
import io.ltri.proto.index.v1.GetNodeRequest;
import io.ltri.proto.index.v1.Node;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;

/** A line per service. */
@Command(
    description = {
      "Shows a line per service: name, state, pid, address, data folder, version, model, documents.",
      "",
      "Exit code 0 when both serve, 3 otherwise."
    })
final class StatusCommand implements Callable<Integer> {
  private static final int TIMEOUT_SECONDS = 5;

  private final Session session;

  StatusCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    boolean all = true;
    for (ServiceKind kind : ServiceKind.values()) {
      StringBuilder line = new StringBuilder(String.format("%-17s  ", kind.serviceName));
      all &=
          switch (session.services().state(kind)) {
            case Stopped stopped -> {
              line.append("stopped");
              if (stopped.crashed()) {
                line.append(" (it ended without saying so; log: ")
                    .append(session.services().log(kind).file())
                    .append(')');
              }
              yield false;
            }
            case Starting starting -> {
              line.append("starting  pid ").append(starting.handle().pid());
              yield false;
            }
            case Serving serving -> describe(kind, serving, line);
          };
      session.terminal().out().println(line);
    }
    session.terminal().out().flush();
    return all ? ExitCode.OK : ExitCode.UNAVAILABLE;
  }

  private boolean describe(ServiceKind kind, Serving serving, StringBuilder line) {
    ReadyFile ready = serving.ready();
    String process = "  pid " + ready.pid() + "  " + ready.address();
    try {
      switch (kind) {
        case INDEX -> {
          Node node = node(ready.address());
          line.append("serving ").append(process);
          line.append("  data ").append(node.getDataFolder());
          line.append("  version ").append(node.getVersion());
          line.append("  ").append(count(node.getDocuments()));
          line.append(", ").append(Figures.bytes(node.getSizeBytes()));
        }
        case INFERENCE -> {
          ServerInfo server = server(ready.address());
          line.append("serving ").append(process);
          if (!ready.http().isEmpty()) {
            line.append("  ").append(ready.http());
          }
          line.append("  data ").append(server.dataFolder());
          line.append("  version ").append(server.version());
          line.append("  model ").append(server.model());
          line.append(" (").append(server.device()).append(", ").append(server.precision());
          line.append(", ").append(server.policy()).append(')');
          line.append("  ").append(count(server.documents()));
          if (!server.reachesIndex()) {
            line.append("  index ").append(server.indexAddress());
            line.append(": ").append(server.indexState());
            return false;
          }
        }
      }
      return true;
    } catch (LtriException | StatusRuntimeException e) {
      Status.Code code =
          e instanceof LtriException own ? own.code() : Status.fromThrowable(e).getCode();
      if (code == Status.Code.UNAUTHENTICATED || code == Status.Code.PERMISSION_DENIED) {
        line.append("serving ").append(process).append("  (it tells more to its own clients only)");
        return true;
      }
      line.append("does not answer").append(process).append(": ").append(e.getMessage());
      return false;
    }
  }

  private ClientAccess access() {
    return session.installation().clientAccess();
  }

  private static String count(int documents) {
    return documents == 1 ? "1 document" : documents + " documents";
  }

  private ServerInfo server(String address) {
    try (LtriClient client =
        LtriClient.builder()
            .address(address)
            .access(access())
            .callTimeout(Duration.ofSeconds(TIMEOUT_SECONDS))
            .build()) {
      return client.server();
    }
  }

  /** The index may speak plainly behind an inference service that does not. */
  private Node node(String address) {
    try {
      return node(access(), address);
    } catch (StatusRuntimeException e) {
      if (access().equals(ClientAccess.NONE)
          || e.getStatus().getCode() != Status.Code.UNAVAILABLE) {
        throw e;
      }
      return node(ClientAccess.NONE, address);
    }
  }

  private static Node node(ClientAccess access, String address) {
    ManagedChannel channel = access.apply(NettyChannelBuilder.forTarget(address)).build();
    try {
      return SpanIndexGrpc.newBlockingStub(channel)
          .withDeadlineAfter(TIMEOUT_SECONDS, TimeUnit.SECONDS)
          .getNode(GetNodeRequest.getDefaultInstance());
    } finally {
      channel.shutdownNow();
    }
  }
}
