package io.ltri.index.grpc;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.ltri.index.search.SearchLimits;
import io.ltri.index.search.SpanSearch;
import io.ltri.index.store.DocumentStore;
import io.ltri.index.store.FileLayer;
import io.ltri.index.store.StoreSettings;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import java.io.IOException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** The service over a store of its own, and clients of it, all in this process. */
final class InProcessIndex implements AutoCloseable {

  final DocumentStore store;
  final SpanIndexGrpc.SpanIndexBlockingStub blocking;
  final SpanIndexGrpc.SpanIndexStub streaming;

  /** For calls of a kind that the two above do not have. */
  final ManagedChannel channel;

  private final SpanSearch search;
  private final ExecutorService calls = Executors.newVirtualThreadPerTaskExecutor();
  private final Server server;

  InProcessIndex(StoreSettings settings, int searchThreads, SearchLimits limits)
      throws IOException {
    store = new DocumentStore(settings, FileLayer.system());
    search = new SpanSearch(searchThreads, limits);
    String name = InProcessServerBuilder.generateName();
    server =
        InProcessServerBuilder.forName(name)
            .executor(calls)
            .addService(
                new SpanIndexService(
                    store,
                    search,
                    new SpanIndexService.NodeFacts("test", settings.dataFolder().toString()),
                    IndexMeters.NONE))
            .build()
            .start();
    channel = InProcessChannelBuilder.forName(name).build();
    blocking = SpanIndexGrpc.newBlockingStub(channel);
    streaming = SpanIndexGrpc.newStub(channel);
  }

  @Override
  public void close() throws InterruptedException {
    channel.shutdownNow();
    boolean unused = server.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    calls.close();
    search.close();
    store.close();
  }
}
