package io.ltri.index.cluster;

import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.MoreExecutors;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.ltri.placement.IndexNode;
import io.ltri.placement.Placement;
import io.ltri.proto.index.v1.DropDocumentRequest;
import io.ltri.proto.index.v1.LoadDocumentRequest;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The nodes that the placement names, called by gRPC. */
public final class GrpcPeers implements Peers {

  private static final Logger LOG = LoggerFactory.getLogger(GrpcPeers.class);

  private final Supplier<Placement> placement;
  private final String self;
  private final Duration deadline;
  private final Function<String, ManagedChannel> connect;
  private final Map<String, ManagedChannel> channels = new ConcurrentHashMap<>();

  /**
   * @param placement asked at each call
   * @param self name of this node
   * @param deadline after which a node is left to find out by itself
   * @param connect makes a channel to {@code host:port}
   */
  public GrpcPeers(
      Supplier<Placement> placement,
      String self,
      Duration deadline,
      Function<String, ManagedChannel> connect) {
    this.placement = placement;
    this.self = self;
    this.deadline = deadline;
    this.connect = connect;
  }

  private interface Call {
    ListenableFuture<?> on(SpanIndexGrpc.SpanIndexFutureStub node);
  }

  @Override
  public void published(String id, Set<Integer> shards) {
    LoadDocumentRequest request = LoadDocumentRequest.newBuilder().setId(id).build();
    tell("load", id, shards, node -> node.loadDocument(request));
  }

  @Override
  public void deleted(String id, Set<Integer> shards) {
    DropDocumentRequest request = DropDocumentRequest.newBuilder().setId(id).build();
    tell("drop", id, shards, node -> node.dropDocument(request));
  }

  private void tell(String what, String id, Set<Integer> shards, Call call) {
    Placement now = placement.get();
    forgetOthers(now.nodes());
    Map<IndexNode, ListenableFuture<?>> answers = new ConcurrentHashMap<>();
    Set<IndexNode> serving = new LinkedHashSet<>();
    shards.forEach(shard -> serving.addAll(now.serving(shard)));
    for (IndexNode node : serving) {
      if (!node.name().equals(self)) {
        answers.put(node, call.on(stub(node)));
      }
    }
    awaitAll(answers);
    answers.forEach((node, answer) -> note(what, id, node, answer));
  }

  private SpanIndexGrpc.SpanIndexFutureStub stub(IndexNode node) {
    ManagedChannel channel = channels.computeIfAbsent(node.target(), connect);
    return SpanIndexGrpc.newFutureStub(channel)
        .withDeadlineAfter(deadline.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Every call ends by its deadline. */
  private static void awaitAll(Map<IndexNode, ListenableFuture<?>> answers) {
    try {
      Object unused =
          Futures.whenAllComplete(answers.values())
              .call(() -> "all", MoreExecutors.directExecutor())
              .get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void note(String what, String id, IndexNode node, ListenableFuture<?> answer) {
    if (!answer.isDone()) {
      return;
    }
    try {
      Object unused = Futures.getDone(answer);
    } catch (ExecutionException e) {
      Status status =
          e.getCause() instanceof StatusRuntimeException known
              ? known.getStatus()
              : Status.fromThrowable(e);
      LOG.warn(
          "node {} did not {} document {} when it was told, and does so when it next compares: {}",
          node.name(),
          what,
          id,
          status);
    }
  }

  private void forgetOthers(List<IndexNode> nodes) {
    List<String> targets = nodes.stream().map(IndexNode::target).toList();
    for (String target : new ArrayList<>(channels.keySet())) {
      if (!targets.contains(target)) {
        ManagedChannel gone = channels.remove(target);
        if (gone != null) {
          gone.shutdown();
        }
      }
    }
  }

  @Override
  public void close() {
    channels.values().forEach(ManagedChannel::shutdownNow);
    channels.clear();
  }
}
