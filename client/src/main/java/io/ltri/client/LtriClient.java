package io.ltri.client;

import com.google.protobuf.ByteString;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.ClientCallStreamObserver;
import io.ltri.edge.access.BearerToken;
import io.ltri.edge.access.ClientAccess;
import io.ltri.proto.inference.v1.CollectGarbageRequest;
import io.ltri.proto.inference.v1.CreateDocumentRequest;
import io.ltri.proto.inference.v1.DeleteDocumentRequest;
import io.ltri.proto.inference.v1.DocumentsGrpc;
import io.ltri.proto.inference.v1.ExportDocumentRequest;
import io.ltri.proto.inference.v1.ExportDocumentResponse;
import io.ltri.proto.inference.v1.GenerateRequest;
import io.ltri.proto.inference.v1.GenerateResponse;
import io.ltri.proto.inference.v1.GenerationGrpc;
import io.ltri.proto.inference.v1.GetDocumentRequest;
import io.ltri.proto.inference.v1.GetServerRequest;
import io.ltri.proto.inference.v1.ImportDocumentRequest;
import io.ltri.proto.inference.v1.ImportHeader;
import io.ltri.proto.inference.v1.ListDeletedRequest;
import io.ltri.proto.inference.v1.ListDocumentsRequest;
import io.ltri.proto.inference.v1.PrewarmDocumentRequest;
import io.ltri.proto.inference.v1.ServerGrpc;
import io.ltri.proto.inference.v1.VerifyDocumentRequest;
import io.ltri.proto.inference.v1.VerifyDocumentResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A client of the inference service.
 *
 * <pre>{@code
 * try (LtriClient client = LtriClient.connect("127.0.0.1:7600")) {
 *   Document book = client.createDocument(NewDocument.of(Path.of("book.txt"))).document();
 *   System.out.println(client.generate(Question.about(book.id(), "Who did it?")).text());
 * }
 * }</pre>
 *
 * <p>Every method throws {@link LtriException}. Safe for any number of threads.
 */
public final class LtriClient implements AutoCloseable {
  private static final int MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
  private static final int PIECE_BYTES = 256 * 1024;

  /** What the service may need beyond a question's deadline to say that it was cut. */
  private static final Duration DEADLINE_GRACE = Duration.ofSeconds(5);

  private final Channel channel;
  private final @Nullable ManagedChannel owned;
  private final Duration callTimeout;
  private final Duration patience;
  private final String peer;

  private LtriClient(
      Channel channel,
      @Nullable ManagedChannel owned,
      Duration callTimeout,
      Duration patience,
      String peer) {
    this.channel = channel;
    this.owned = owned;
    this.callTimeout = callTimeout;
    this.patience = patience;
    this.peer = peer;
  }

  /**
   * A client with the default settings.
   *
   * @param address host:port, or several of them with commas between
   */
  public static LtriClient connect(String address) {
    return builder().address(address).build();
  }

  /** A client on a channel that belongs to the caller and stays open when the client is closed. */
  public static LtriClient on(Channel channel) {
    return on(channel, Duration.ZERO);
  }

  static LtriClient on(Channel channel, Duration patience) {
    return new LtriClient(channel, null, Builder.CALL_TIMEOUT, patience, "the inference service");
  }

  public static Builder builder() {
    return new Builder();
  }

  /** Reads a document, or finds it if it is known. */
  public CreatedDocument createDocument(NewDocument document) throws InterruptedException {
    return createDocument(document, progress -> {});
  }

  /** As {@link #createDocument(NewDocument)}, with progress, which comes by another thread. */
  public CreatedDocument createDocument(NewDocument document, Consumer<ReadingProgress> listener)
      throws InterruptedException {
    return startReading(document, listener).await();
  }

  /** Begins to read a document; the result can be awaited and cancelled. */
  public Reading startReading(NewDocument document, Consumer<ReadingProgress> listener) {
    Reading reading =
        new Reading(
            document,
            listener,
            events ->
                (ClientCallStreamObserver<CreateDocumentRequest>)
                    DocumentsGrpc.newStub(channel).createDocument(events),
            retries(),
            peer);
    reading.begin();
    return reading;
  }

  private Retries retries() {
    return new Retries(
        patience,
        () -> {
          if (owned != null) {
            // Who was away for long is tried now, not when its turn comes.
            owned.resetConnectBackoff();
          }
        });
  }

  /** All documents, newest first. */
  public List<Document> documents() {
    return documents(false);
  }

  /**
   * Documents, newest first.
   *
   * @param all also kept conversations and documents that are damaged beyond use
   */
  public List<Document> documents(boolean all) {
    return call(
        () ->
            timed(DocumentsGrpc.newBlockingStub(channel))
                .listDocuments(ListDocumentsRequest.newBuilder().setAll(all).build())
                .getDocumentsList()
                .stream()
                .map(Wire::document)
                .toList());
  }

  public Document document(String id) {
    return call(
        () ->
            Wire.document(
                timed(DocumentsGrpc.newBlockingStub(channel))
                    .getDocument(GetDocumentRequest.newBuilder().setId(id).build())));
  }

  /**
   * Deletes a document.
   *
   * @return the bytes that became free; 0: its files stay until the documents that continue it are
   *     deleted
   */
  public long delete(String id) {
    return once(
        () ->
            timed(DocumentsGrpc.newBlockingStub(channel))
                .deleteDocument(DeleteDocumentRequest.newBuilder().setId(id).build())
                .getFreedBytes());
  }

  /** Changes title, tags, life time or pin. */
  public Document update(String id, DocumentUpdate update) {
    return call(
        () ->
            Wire.document(
                timed(DocumentsGrpc.newBlockingStub(channel))
                    .updateDocument(Wire.update(id, update))));
  }

  /**
   * Reads all bytes of a document and compares them with their checksums.
   *
   * @param progress bytes read, of all bytes
   * @return what is wrong with it; empty: nothing
   */
  public List<String> verify(String id, BiConsumer<Long, Long> progress) {
    return call(
        () -> {
          Iterator<VerifyDocumentResponse> responses =
              DocumentsGrpc.newBlockingStub(channel)
                  .verifyDocument(VerifyDocumentRequest.newBuilder().setId(id).build());
          List<String> faults = List.of();
          while (responses.hasNext()) {
            VerifyDocumentResponse response = responses.next();
            progress.accept(response.getReadBytes(), response.getTotalBytes());
            faults = List.copyOf(response.getFaultsList());
          }
          return faults;
        });
  }

  /**
   * Brings a document into the index's memory; returns when it is there.
   *
   * @param blocks also all blocks, not only what look-ups read first
   * @return bytes
   */
  public long prewarm(String id, boolean blocks) {
    return call(
        () ->
            DocumentsGrpc.newBlockingStub(channel)
                .prewarmDocument(
                    PrewarmDocumentRequest.newBuilder().setId(id).setBlocks(blocks).build())
                .getBytes());
  }

  /** Writes a document, with those it continues, as one file. */
  public void export(String id, OutputStream to) throws IOException {
    Iterator<ExportDocumentResponse> parts =
        once(
            () ->
                DocumentsGrpc.newBlockingStub(channel)
                    .exportDocument(ExportDocumentRequest.newBuilder().setId(id).build()));
    while (once(parts::hasNext)) {
      parts.next().getData().writeTo(to);
    }
  }

  /** Takes an exported document in, under a new id. */
  public Document importDocument(InputStream from, String tenant)
      throws IOException, InterruptedException {
    try {
      BlockingClientCall<ImportDocumentRequest, io.ltri.proto.inference.v1.Document> call =
          DocumentsGrpc.newBlockingV2Stub(channel).importDocument();
      boolean open =
          call.write(
              ImportDocumentRequest.newBuilder()
                  .setHeader(ImportHeader.newBuilder().setTenant(tenant))
                  .build());
      byte[] buffer = new byte[PIECE_BYTES];
      for (int bytes = from.readNBytes(buffer, 0, buffer.length);
          open && bytes > 0;
          bytes = from.readNBytes(buffer, 0, buffer.length)) {
        open =
            call.write(
                ImportDocumentRequest.newBuilder()
                    .setData(ByteString.copyFrom(buffer, 0, bytes))
                    .build());
      }
      call.halfClose();
      io.ltri.proto.inference.v1.Document imported = call.read();
      if (imported == null) {
        throw new LtriException(
            Status.Code.INTERNAL, "the service ended the import without a document", null);
      }
      return Wire.document(imported);
    } catch (StatusException | StatusRuntimeException e) {
      throw LtriException.of(e, peer);
    }
  }

  /** Removes what expired, readings that nobody went on with, and files that belong to nothing. */
  public Garbage collectGarbage() {
    return once(
        () ->
            Wire.garbage(
                DocumentsGrpc.newBlockingStub(channel)
                    .collectGarbage(CollectGarbageRequest.getDefaultInstance())));
  }

  /**
   * What was deleted, newest first.
   *
   * @param most 0: all that are kept
   */
  public List<DeletedDocument> deleted(int most) {
    return call(
        () ->
            timed(DocumentsGrpc.newBlockingStub(channel))
                .listDeleted(ListDeletedRequest.newBuilder().setMost(most).build())
                .getDocumentsList()
                .stream()
                .map(Wire::deleted)
                .toList());
  }

  /** The whole answer. */
  public Answer generate(Question question) {
    try (AnswerStream stream = stream(question)) {
      return stream.collect();
    }
  }

  /** The answer as it is made. Close it to cancel. */
  public AnswerStream stream(Question question) {
    Context.CancellableContext context = Context.current().withCancellation();
    GenerateRequest request = Wire.request(question);
    if (!patience.isZero() && request.getSampling().getSeed() == 0) {
      // Whoever goes on with the answer must draw as the first one did.
      GenerateRequest.Builder seeded = request.toBuilder();
      seeded.getSamplingBuilder().setSeed(ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE));
      request = seeded.build();
    }
    try {
      return new AnswerStream(request, this::generated, context, retries(), peer);
    } catch (RuntimeException e) {
      context.cancel(e);
      throw LtriException.of(e, peer);
    }
  }

  private Iterator<GenerateResponse> generated(GenerateRequest request) {
    GenerationGrpc.GenerationBlockingStub stub = GenerationGrpc.newBlockingStub(channel);
    if (request.getDeadlineMillis() > 0) {
      stub =
          stub.withDeadlineAfter(
              request.getDeadlineMillis() + DEADLINE_GRACE.toMillis(), TimeUnit.MILLISECONDS);
    }
    return stub.generate(request);
  }

  public ServerInfo server() {
    return call(
        () ->
            Wire.server(
                timed(ServerGrpc.newBlockingStub(channel))
                    .getServer(GetServerRequest.getDefaultInstance())));
  }

  /**
   * Ends the calls that are under way and closes the channel, unless it was given by the caller.
   */
  @Override
  public void close() {
    if (owned == null) {
      return;
    }
    owned.shutdownNow();
    try {
      // Cancellations travel until the channel has ended; leaving earlier could lose them.
      owned.awaitTermination(2, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private <S extends io.grpc.stub.AbstractStub<S>> S timed(S stub) {
    return stub.withDeadlineAfter(callTimeout.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** A call that may be made again: whatever became of it, twice is as once. */
  private <T> T call(Supplier<T> call) {
    Retries retries = retries();
    while (true) {
      try {
        return once(call);
      } catch (LtriException e) {
        if (!retries.again(e)) {
          throw e;
        }
      }
    }
  }

  private <T> T once(Supplier<T> call) {
    try {
      return call.get();
    } catch (RuntimeException e) {
      throw LtriException.of(e, peer);
    }
  }

  /** Settings of a client; for one thread. */
  public static final class Builder {
    static final Duration CALL_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration PATIENCE_WITH_SEVERAL = Duration.ofSeconds(30);

    private String address = "127.0.0.1:7600";
    private Duration callTimeout = CALL_TIMEOUT;
    private @Nullable Duration patience;
    private ClientAccess access = ClientAccess.NONE;
    private @Nullable BearerToken token;

    private Builder() {}

    /**
     * Where the inference service listens.
     *
     * @param value host:port, or several of them with commas between: services of one cluster,
     *     which are asked in turn; those that do not answer are left out
     */
    public Builder address(String value) {
      address = value;
      return this;
    }

    /** For calls that only look something up; reading and answering have no end of their own. */
    public Builder callTimeout(Duration value) {
      callTimeout = value;
      return this;
    }

    /**
     * So long calls are made again that a service broke off or did not take, from the last time
     * that anything came: an answer goes on elsewhere after the tokens that have come, a reading
     * begins again and finds what was read. Zero: not at all. Without this: 30 s with several
     * addresses, zero with one. Deleting, importing, exporting and collecting garbage are not made
     * again.
     */
    public Builder patience(Duration value) {
      patience = value;
      return this;
    }

    /**
     * How a service is reached that keeps strangers out: TLS, certificates, a file with a token.
     */
    public Builder access(ClientAccess value) {
      access = value;
      return this;
    }

    /** Sent with every call, instead of the one in a file. */
    public Builder token(String value) {
      token = BearerToken.of(value);
      return this;
    }

    public LtriClient build() {
      List<String> addresses = Addresses.parse(address);
      boolean several = addresses.size() > 1;
      NettyChannelBuilder builder =
          several
              ? NettyChannelBuilder.forTarget(Addresses.target(addresses))
                  .defaultLoadBalancingPolicy("round_robin")
              : NettyChannelBuilder.forAddress(
                  Addresses.host(addresses.getFirst()), Addresses.port(addresses.getFirst()));
      builder
          .maxInboundMessageSize(MAX_MESSAGE_BYTES)
          .executor(Executors.newVirtualThreadPerTaskExecutor());
      try {
        access.apply(builder);
      } catch (IllegalArgumentException e) {
        throw new LtriException(Status.Code.INVALID_ARGUMENT, String.valueOf(e.getMessage()), e);
      }
      if (token != null) {
        builder.intercept(token);
      }
      ManagedChannel channel = builder.build();
      Duration patient = patience;
      if (patient == null) {
        patient = several ? PATIENCE_WITH_SEVERAL : Duration.ZERO;
      }
      return new LtriClient(
          channel,
          channel,
          callTimeout,
          patient,
          (several ? "each inference service of " : "the inference service at ") + address);
    }
  }
}
