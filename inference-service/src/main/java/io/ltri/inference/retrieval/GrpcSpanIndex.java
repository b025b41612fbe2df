package io.ltri.inference.retrieval;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.BlockingClientCall;
import io.ltri.edge.LocalSocket;
import io.ltri.edge.access.CallFailure;
import io.ltri.proto.index.v1.AppendSpansRequest;
import io.ltri.proto.index.v1.AppendSpansResponse;
import io.ltri.proto.index.v1.Block;
import io.ltri.proto.index.v1.CheckpointDocumentRequest;
import io.ltri.proto.index.v1.CheckpointHeader;
import io.ltri.proto.index.v1.CreateDocumentRequest;
import io.ltri.proto.index.v1.DeleteDocumentRequest;
import io.ltri.proto.index.v1.Document;
import io.ltri.proto.index.v1.DocumentState;
import io.ltri.proto.index.v1.FetchBlocksRequest;
import io.ltri.proto.index.v1.GetDocumentRequest;
import io.ltri.proto.index.v1.GetNodeRequest;
import io.ltri.proto.index.v1.Layout;
import io.ltri.proto.index.v1.ListDocumentsRequest;
import io.ltri.proto.index.v1.ReadTailRequest;
import io.ltri.proto.index.v1.SealDocumentRequest;
import io.ltri.proto.index.v1.SealHeader;
import io.ltri.proto.index.v1.SearchMode;
import io.ltri.proto.index.v1.Span;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import io.ltri.proto.index.v1.StorageType;
import io.ltri.proto.index.v1.TailPart;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** {@link SpanIndex} over gRPC; the transport (TCP, Unix socket, in-process) is the channel's. */
public final class GrpcSpanIndex implements IndexClient {

  /** Messages stay well under the 4 MiB that gRPC accepts by default. */
  private static final int MESSAGE_BYTES = 1 << 20;

  private static final Duration KEEP_ALIVE = Duration.ofSeconds(20);
  private static final Duration KEEP_ALIVE_ANSWER = Duration.ofSeconds(5);

  /** Sealing writes and syncs the whole document; a tail may be as large as the whole KV cache. */
  private static final Duration LONG_DEADLINE = Duration.ofMinutes(30);

  /** For the question whether it answers at all. */
  private static final Duration ANSWERS_WITHIN = Duration.ofSeconds(2);

  private final Channel connection;
  private final Channel channel;
  private final IndexGuard guard;
  private final IndexWaits waits;
  private final SpanIndexGrpc.SpanIndexBlockingStub calls;
  private final SpanIndexGrpc.SpanIndexBlockingV2Stub streams;

  /** Ephemeral documents that are in use, and those whose deletion the index did not answer. */
  private final Set<String> ephemeral = ConcurrentHashMap.newKeySet();

  private final Set<String> toDelete = ConcurrentHashMap.newKeySet();

  /**
   * @param connection closed with this
   */
  public GrpcSpanIndex(Channel connection, IndexWaits waits) {
    this.connection = connection;
    this.waits = waits;
    this.guard = new IndexGuard(connection, waits);
    this.channel = ClientInterceptors.intercept(connection, guard);
    this.calls = SpanIndexGrpc.newBlockingStub(channel).withMaxInboundMessageSize(64 << 20);
    this.streams = SpanIndexGrpc.newBlockingV2Stub(channel).withMaxInboundMessageSize(64 << 20);
    guard.whenBack(this::deleteWhatIsLeft);
  }

  /**
   * @param target of the index service, host:port
   */
  public static GrpcSpanIndex connect(String target) {
    return connect(target, IndexWaits.DEFAULT);
  }

  /**
   * @param target of the index service, host:port
   */
  public static GrpcSpanIndex connect(String target, IndexWaits waits) {
    return connect(target, waits, NettyChannelBuilder::usePlaintext);
  }

  /**
   * @param target of the index service, host:port
   * @param configure TLS or its absence, token, and what watches the calls
   */
  public static GrpcSpanIndex connect(
      String target, IndexWaits waits, Consumer<NettyChannelBuilder> configure) {
    NettyChannelBuilder channel = NettyChannelBuilder.forTarget(target);
    configure.accept(channel);
    return over(channel, waits);
  }

  /**
   * @param socket on which an index service of this machine listens
   * @param configure as above
   */
  public static GrpcSpanIndex connect(
      Path socket, IndexWaits waits, Consumer<NettyChannelBuilder> configure) {
    NettyChannelBuilder channel = LocalSocket.channel(socket);
    configure.accept(channel);
    return over(channel, waits);
  }

  /**
   * @param name under which an index service of this process is found
   * @param configure as above
   */
  public static GrpcSpanIndex inProcess(
      String name, IndexWaits waits, Consumer<InProcessChannelBuilder> configure) {
    InProcessChannelBuilder channel = InProcessChannelBuilder.forName(name).directExecutor();
    configure.accept(channel);
    return new GrpcSpanIndex(channel.build(), waits);
  }

  private static GrpcSpanIndex over(NettyChannelBuilder channel, IndexWaits waits) {
    return new GrpcSpanIndex(
        channel
            .directExecutor()
            .maxInboundMessageSize(64 << 20)
            .flowControlWindow(16 << 20)
            .keepAliveTime(KEEP_ALIVE.toMillis(), TimeUnit.MILLISECONDS)
            .keepAliveTimeout(KEEP_ALIVE_ANSWER.toMillis(), TimeUnit.MILLISECONDS)
            .build(),
        waits);
  }

  @Override
  public IndexedDocument create(NewDocument document) {
    BlockLayout layout = document.layout();
    CreateDocumentRequest.Builder request =
        CreateDocumentRequest.newBuilder()
            .setLayout(
                Layout.newBuilder()
                    .setLayers(layout.layers())
                    .setQueryHeads(layout.queryHeads())
                    .setKvHeads(layout.kvHeads())
                    .setHeadDim(layout.headDim())
                    .setScoreScale(layout.scoreScale())
                    .setStorageType(
                        layout.elementBytes() == 2
                            ? StorageType.STORAGE_TYPE_BF16
                            : StorageType.STORAGE_TYPE_FP32))
            .putAllAttributes(document.attributes())
            .setEphemeral(document.ephemeral())
            .setTenant(document.tenant())
            .setBuildKey(document.buildKey())
            .setReplicas(document.replicas());
    if (document.parentId() != null) {
      request.setParentId(document.parentId());
    }
    try {
      if (!document.ephemeral()) {
        return document(within(waits.call()).createDocument(request.build()));
      }
      guard.awaitAsked(waits.call());
      IndexedDocument made = document(within(waits.call()).createDocument(request.build()));
      ephemeral.add(made.id());
      return made;
    } catch (StatusRuntimeException e) {
      throw failure(e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  @Override
  public void append(String documentId, int layer, List<OffloadedSpan> spans) {
    try {
      // Spans that could not be sent are lost, so a short outage is waited for.
      guard.awaitAsked(waits.call());
      BlockingClientCall<AppendSpansRequest, AppendSpansResponse> call =
          streams.withDeadlineAfter(waits.call().toMillis(), TimeUnit.MILLISECONDS).appendSpans();
      AppendSpansRequest.Builder message = null;
      long bytes = 0;
      for (OffloadedSpan span : spans) {
        if (message == null) {
          message = AppendSpansRequest.newBuilder().setDocumentId(documentId).setLayer(layer);
          bytes = 0;
        }
        SpanBlock block = span.block();
        message.addSpans(
            Span.newBuilder()
                .setStart(block.start())
                .setEnd(block.end())
                .setScore(span.score())
                .setConfidence(span.confidence())
                .setVectors(floats(span.vectors()))
                .setKeys(bytes(block.keys()))
                .setValues(bytes(block.values())));
        bytes += block.sizeBytes();
        if (bytes >= MESSAGE_BYTES) {
          if (!call.write(message.build())) {
            break;
          }
          message = null;
        }
      }
      if (message != null) {
        call.write(message.build());
      }
      call.halfClose();
      call.read();
    } catch (StatusException e) {
      throw failure(e.getStatus(), e);
    } catch (StatusRuntimeException e) {
      throw failure(e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  @Override
  public IndexedDocument seal(String documentId, Seal seal, Map<String, MemorySegment> tail) {
    SealHeader header =
        SealHeader.newBuilder()
            .setDocumentId(documentId)
            .putAllAttributes(seal.attributes())
            .setBuildMillis(seal.buildTime().toMillis())
            .setPromote(seal.promote())
            .setExpireAfterMillis(seal.expireAfter().toMillis())
            .setExtendByMillis(seal.extendWithUse() ? seal.expireAfter().toMillis() : 0)
            .build();
    IndexedDocument sealed =
        document(
            sendTail(
                () ->
                    streams
                        .withDeadlineAfter(LONG_DEADLINE.toMillis(), TimeUnit.MILLISECONDS)
                        .sealDocument(),
                SealDocumentRequest.newBuilder().setHeader(header).build(),
                part -> SealDocumentRequest.newBuilder().setTail(part).build(),
                tail));
    ephemeral.remove(documentId);
    return sealed;
  }

  @Override
  public void checkpoint(
      String documentId, long tokens, Set<Long> kept, Map<String, MemorySegment> tail) {
    CheckpointHeader header =
        CheckpointHeader.newBuilder()
            .setDocumentId(documentId)
            .setTokens(tokens)
            .addAllKeptTokens(kept)
            .build();
    Document unused =
        sendTail(
            () ->
                streams
                    .withDeadlineAfter(LONG_DEADLINE.toMillis(), TimeUnit.MILLISECONDS)
                    .checkpointDocument(),
            CheckpointDocumentRequest.newBuilder().setHeader(header).build(),
            part -> CheckpointDocumentRequest.newBuilder().setTail(part).build(),
            tail);
  }

  /** A header, then the sections of a tail in parts; returns the answer. */
  private <R> Document sendTail(
      Supplier<BlockingClientCall<R, Document>> begin,
      R header,
      Function<TailPart, R> message,
      Map<String, MemorySegment> tail) {
    try {
      guard.awaitAsked(waits.call());
      BlockingClientCall<R, Document> call = begin.get();
      boolean open = write(call, header);
      for (Map.Entry<String, MemorySegment> section : tail.entrySet()) {
        MemorySegment data = section.getValue();
        long offset = 0;
        do {
          long size = Math.min(MESSAGE_BYTES, data.byteSize() - offset);
          TailPart part =
              TailPart.newBuilder()
                  .setSection(section.getKey())
                  .setData(bytes(data.asSlice(offset, size)))
                  .build();
          open = open && write(call, message.apply(part));
          offset += size;
        } while (open && offset < data.byteSize());
      }
      call.halfClose();
      Document answer = call.read();
      if (answer == null) {
        throw new IndexException(
            IndexException.Reason.INTERNAL, "the index closed the call without an answer");
      }
      return answer;
    } catch (StatusException e) {
      throw failure(e.getStatus(), e);
    } catch (StatusRuntimeException e) {
      throw failure(e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  @Override
  public Map<String, MemorySegment> readTail(String documentId, List<String> wanted) {
    Map<String, List<ByteString>> parts = new LinkedHashMap<>();
    try {
      BlockingClientCall<?, TailPart> call =
          streams
              .withDeadlineAfter(LONG_DEADLINE.toMillis(), TimeUnit.MILLISECONDS)
              .readTail(
                  ReadTailRequest.newBuilder()
                      .setDocumentId(documentId)
                      .addAllSections(wanted)
                      .build());
      for (TailPart part = read(call); part != null; part = read(call)) {
        parts.computeIfAbsent(part.getSection(), name -> new ArrayList<>()).add(part.getData());
      }
    } catch (StatusException e) {
      throw failure(e.getStatus(), e);
    } catch (StatusRuntimeException e) {
      throw failure(e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
    Map<String, MemorySegment> tail = new LinkedHashMap<>();
    parts.forEach((name, pieces) -> tail.put(name, join(pieces)));
    return tail;
  }

  @Override
  public LookupStream lookups(List<String> documentIds) {
    return new GrpcLookupStream(guard, SpanIndexGrpc.newStub(channel), documentIds);
  }

  @Override
  public List<SpanBlock> fetch(String documentId, int layer, int[] spans, Duration deadline) {
    FetchBlocksRequest.Builder request =
        FetchBlocksRequest.newBuilder().setDocumentId(documentId).setLayer(layer);
    for (int span : spans) {
      request.addSpans(span);
    }
    List<SpanBlock> blocks = new ArrayList<>(spans.length);
    try {
      Iterator<Block> stream = within(deadline).fetchBlocks(request.build());
      while (stream.hasNext()) {
        Block block = stream.next();
        if (blocks.size() == spans.length || block.getSpan() != spans[blocks.size()]) {
          throw new IndexException(
              IndexException.Reason.INTERNAL,
              "the index sent block " + block.getSpan() + " of layer " + layer + ", not asked for");
        }
        blocks.add(
            new SpanBlock(
                block.getStart(),
                block.getEnd(),
                segment(block.getKeys()),
                segment(block.getValues())));
      }
    } catch (StatusRuntimeException e) {
      throw failure(e);
    }
    if (blocks.size() != spans.length) {
      throw new IndexException(
          IndexException.Reason.INTERNAL,
          "the index sent " + blocks.size() + " blocks instead of " + spans.length);
    }
    return blocks;
  }

  @Override
  public IndexedDocument get(String documentId) {
    try {
      return document(
          within(waits.call())
              .getDocument(GetDocumentRequest.newBuilder().setId(documentId).build()));
    } catch (StatusRuntimeException e) {
      throw failure(e);
    }
  }

  @Override
  public List<IndexedDocument> list() {
    try {
      return within(waits.call())
          .listDocuments(ListDocumentsRequest.getDefaultInstance())
          .getDocumentsList()
          .stream()
          .map(GrpcSpanIndex::document)
          .toList();
    } catch (StatusRuntimeException e) {
      throw failure(e);
    }
  }

  /**
   * Goes through even when the request that wanted it has been cancelled: it is then that things
   * must be cleared away.
   */
  @Override
  public long delete(String documentId) {
    Context request = Context.ROOT.attach();
    try {
      long freed =
          within(waits.call())
              .deleteDocument(DeleteDocumentRequest.newBuilder().setId(documentId).build())
              .getFreedBytes();
      ephemeral.remove(documentId);
      return freed;
    } catch (StatusRuntimeException e) {
      IndexException failure = failure(e);
      if (ephemeral.remove(documentId) && isUnanswered(failure)) {
        toDelete.add(documentId);
      }
      throw failure;
    } finally {
      Context.ROOT.detach(request);
    }
  }

  @Override
  public boolean isAsked() {
    return guard.isAsked();
  }

  /**
   * Asks the index, briefly. One that is only slow for once stays in use: this is asked all the
   * time, and requests wait longer.
   */
  @Override
  public boolean answers() {
    if (!guard.isAsked()) {
      return false;
    }
    try {
      var unused =
          SpanIndexGrpc.newBlockingStub(channel)
              .withDeadlineAfter(ANSWERS_WITHIN.toMillis(), TimeUnit.MILLISECONDS)
              .getNode(GetNodeRequest.getDefaultInstance());
      return true;
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() == Status.Code.UNAVAILABLE) {
        guard.notReached(e.getStatus());
      }
      return false;
    }
  }

  @Override
  public IndexAdministration administration() {
    return new GrpcIndexAdministration(channel);
  }

  /** Nobody else would delete them while the index runs. */
  private void deleteWhatIsLeft() {
    for (String id : List.copyOf(toDelete)) {
      try {
        long unused = delete(id);
        toDelete.remove(id);
      } catch (IndexException e) {
        if (!isUnanswered(e)) {
          toDelete.remove(id);
        }
      }
    }
  }

  private static boolean isUnanswered(IndexException e) {
    return e.reason() == IndexException.Reason.UNAVAILABLE
        || e.reason() == IndexException.Reason.TOO_LATE;
  }

  @Override
  public void close() {
    guard.close();
    if (connection instanceof ManagedChannel managed) {
      managed.shutdownNow();
    }
  }

  /** Each wait for the peer to take a message in is bounded. */
  private <R> boolean write(BlockingClientCall<R, ?> call, R message)
      throws InterruptedException, StatusException {
    try {
      return call.write(message, waits.call().toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw stuck(call, e);
    }
  }

  /** Each wait for a message is bounded. @return null at the end */
  private <M> @Nullable M read(BlockingClientCall<?, M> call)
      throws InterruptedException, StatusException {
    try {
      return call.read(waits.call().toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw stuck(call, e);
    } catch (InterruptedException e) {
      call.cancel("interrupted", e);
      throw e;
    }
  }

  private IndexException stuck(BlockingClientCall<?, ?> call, TimeoutException e) {
    IndexException failure = IndexGuard.nothingMoved(waits.call(), e);
    call.cancel(failure.getMessage(), e);
    return guard.watch(
        () -> {
          throw failure;
        });
  }

  private SpanIndexGrpc.SpanIndexBlockingStub within(Duration deadline) {
    return calls.withDeadlineAfter(deadline.toMillis(), TimeUnit.MILLISECONDS);
  }

  static IndexedDocument document(Document document) {
    Layout layout = document.getLayout();
    return new IndexedDocument(
        document.getId(),
        document.getState() == DocumentState.DOCUMENT_STATE_READY
            || document.getState() == DocumentState.DOCUMENT_STATE_DAMAGED,
        new BlockLayout(
            layout.getLayers(),
            layout.getQueryHeads(),
            layout.getKvHeads(),
            layout.getHeadDim(),
            layout.getStorageType() == StorageType.STORAGE_TYPE_FP32 ? 4 : 2,
            layout.getScoreScale()),
        Map.copyOf(document.getAttributesMap()),
        List.copyOf(document.getAncestorIdsList()),
        document.getTenant(),
        document.getCreatedAtMillis(),
        document.getSpans(),
        document.getSizeBytes(),
        document.getSearchMode() == SearchMode.SEARCH_MODE_GRAPH ? "graph" : "scan",
        document.getCheckpointTokens(),
        List.copyOf(document.getBoundaryTokensList()),
        new IndexedDocument.Life(
            document.getLastUsedAtMillis(),
            document.getExpiresAtMillis(),
            document.getExtendByMillis(),
            document.getPinned(),
            Map.copyOf(document.getLabelsMap()),
            List.copyOf(document.getFaultsList())),
        List.copyOf(document.getPartLayersList()),
        document.getReplicas());
  }

  static IndexException failure(StatusRuntimeException e) {
    return failure(e.getStatus(), e);
  }

  static IndexException failure(Status status, @Nullable Throwable cause) {
    IndexException.Reason reason =
        switch (status.getCode()) {
          case UNAVAILABLE, CANCELLED -> IndexException.Reason.UNAVAILABLE;
          case DEADLINE_EXCEEDED -> IndexException.Reason.TOO_LATE;
          case NOT_FOUND -> IndexException.Reason.NOT_FOUND;
          case FAILED_PRECONDITION -> IndexException.Reason.WRONG_STATE;
          case DATA_LOSS -> IndexException.Reason.DAMAGED;
          case RESOURCE_EXHAUSTED -> IndexException.Reason.FULL;
          default -> IndexException.Reason.INTERNAL;
        };
    String known = CallFailure.detail(status);
    String detail = known == null ? status.getCode().name() : known;
    String message =
        switch (reason) {
          case UNAVAILABLE -> "the index cannot be reached: " + detail;
          case TOO_LATE -> "the index did not answer in time: " + detail;
          default -> detail;
        };
    return cause == null
        ? new IndexException(reason, message)
        : new IndexException(reason, message, cause);
  }

  static IndexException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new IndexException(IndexException.Reason.UNAVAILABLE, "interrupted", e);
  }

  /** Wrapped, not copied: the segments of spans and tails do not change. */
  private static ByteString bytes(MemorySegment segment) {
    return UnsafeByteOperations.unsafeWrap(segment.asByteBuffer());
  }

  private static ByteString floats(float[] values) {
    MemorySegment segment = MemorySegment.ofArray(new byte[4 * values.length]);
    MemorySegment.copy(
        values,
        0,
        segment,
        ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN),
        0,
        values.length);
    return bytes(segment);
  }

  private static MemorySegment segment(ByteString bytes) {
    return MemorySegment.ofBuffer(bytes.asReadOnlyByteBuffer());
  }

  private static MemorySegment join(List<ByteString> pieces) {
    long size = pieces.stream().mapToLong(ByteString::size).sum();
    MemorySegment whole = MemorySegment.ofArray(new byte[Math.toIntExact(size)]);
    long offset = 0;
    for (ByteString piece : pieces) {
      MemorySegment.copy(segment(piece), 0, whole, offset, piece.size());
      offset += piece.size();
    }
    return whole;
  }
}
