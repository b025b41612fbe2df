package io.ltri.index.grpc;

import com.google.protobuf.ByteString;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.ltri.index.search.LookUpAnswer;
import io.ltri.index.search.SearchPart;
import io.ltri.index.search.SpanSearch;
import io.ltri.index.store.CheckpointSession;
import io.ltri.index.store.DeletionReason;
import io.ltri.index.store.DocumentPart;
import io.ltri.index.store.DocumentStore;
import io.ltri.index.store.DocumentSummary;
import io.ltri.index.store.DocumentTail;
import io.ltri.index.store.InvalidInputException;
import io.ltri.index.store.LayerView;
import io.ltri.index.store.NewSpan;
import io.ltri.index.store.OpenDocument;
import io.ltri.index.store.SealSession;
import io.ltri.index.store.StoreException;
import io.ltri.proto.index.v1.AppendSpansRequest;
import io.ltri.proto.index.v1.AppendSpansResponse;
import io.ltri.proto.index.v1.Block;
import io.ltri.proto.index.v1.CheckpointDocumentRequest;
import io.ltri.proto.index.v1.CollectGarbageRequest;
import io.ltri.proto.index.v1.CollectGarbageResponse;
import io.ltri.proto.index.v1.CreateDocumentRequest;
import io.ltri.proto.index.v1.DeleteDocumentRequest;
import io.ltri.proto.index.v1.DeleteDocumentResponse;
import io.ltri.proto.index.v1.Document;
import io.ltri.proto.index.v1.DropDocumentRequest;
import io.ltri.proto.index.v1.DropDocumentResponse;
import io.ltri.proto.index.v1.ExportDocumentRequest;
import io.ltri.proto.index.v1.ExportDocumentResponse;
import io.ltri.proto.index.v1.FetchBlocksRequest;
import io.ltri.proto.index.v1.GetDocumentRequest;
import io.ltri.proto.index.v1.GetNodeRequest;
import io.ltri.proto.index.v1.ImportDocumentRequest;
import io.ltri.proto.index.v1.ListDeletedRequest;
import io.ltri.proto.index.v1.ListDeletedResponse;
import io.ltri.proto.index.v1.ListDocumentsRequest;
import io.ltri.proto.index.v1.ListDocumentsResponse;
import io.ltri.proto.index.v1.LoadDocumentRequest;
import io.ltri.proto.index.v1.LoadDocumentResponse;
import io.ltri.proto.index.v1.Node;
import io.ltri.proto.index.v1.PrewarmDocumentRequest;
import io.ltri.proto.index.v1.PrewarmDocumentResponse;
import io.ltri.proto.index.v1.ReadTailRequest;
import io.ltri.proto.index.v1.SealDocumentRequest;
import io.ltri.proto.index.v1.SealHeader;
import io.ltri.proto.index.v1.SearchRequest;
import io.ltri.proto.index.v1.SearchResponse;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import io.ltri.proto.index.v1.TailPart;
import io.ltri.proto.index.v1.UpdateDocumentRequest;
import io.ltri.proto.index.v1.VerifyDocumentRequest;
import io.ltri.proto.index.v1.VerifyDocumentResponse;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Every call of {@code ltri.index.v1.SpanIndex}. */
public final class SpanIndexService extends SpanIndexGrpc.SpanIndexImplBase {

  /** Bytes of a part of a tail section. */
  private static final long TAIL_PART = 1 << 20;

  /** Search requests that may wait here while one is worked on. */
  private static final int REQUESTS_AHEAD = 4;

  /** Look-up streams that are open. */
  private final AtomicInteger searches = new AtomicInteger();

  private final DocumentStore store;
  private final SpanSearch search;
  private final NodeFacts facts;
  private final FileCalls fileCalls;
  private final IndexMeters meters;
  private final ClusterCalls cluster;

  public SpanIndexService(
      DocumentStore store, SpanSearch search, NodeFacts facts, IndexMeters meters) {
    this(store, search, facts, meters, ClusterCalls.NONE);
  }

  public SpanIndexService(
      DocumentStore store,
      SpanSearch search,
      NodeFacts facts,
      IndexMeters meters,
      ClusterCalls cluster) {
    this.cluster = cluster;
    this.store = store;
    this.search = search;
    this.facts = facts;
    this.meters = meters;
    this.fileCalls = new FileCalls(store);
  }

  /** What GetNode says of this process. */
  public record NodeFacts(String version, String dataFolder) {}

  // -- one request, one answer
  // -------------------------------------------------------------------------------------

  @Override
  public void createDocument(CreateDocumentRequest request, StreamObserver<Document> observer) {
    answer("CreateDocument", observer, () -> document(store.create(Messages.newDocument(request))));
  }

  private Document document(DocumentSummary summary) {
    return Messages.document(summary, store.ancestors(summary.id()));
  }

  @Override
  public void getDocument(GetDocumentRequest request, StreamObserver<Document> observer) {
    answer("GetDocument", observer, () -> document(store.summary(request.getId())));
  }

  @Override
  public void listDocuments(
      ListDocumentsRequest request, StreamObserver<ListDocumentsResponse> observer) {
    answer(
        "ListDocuments",
        observer,
        () -> {
          ListDocumentsResponse.Builder response = ListDocumentsResponse.newBuilder();
          for (DocumentSummary summary : store.list(request.getIncludeBuilding())) {
            response.addDocuments(document(summary));
          }
          if (request.getIncludeDamaged()) {
            store
                .unreadable()
                .forEach(document -> response.addDocuments(Messages.unreadable(document)));
          }
          return response.build();
        });
  }

  @Override
  public void deleteDocument(
      DeleteDocumentRequest request, StreamObserver<DeleteDocumentResponse> observer) {
    answer(
        "DeleteDocument",
        observer,
        () -> {
          long freed =
              store.delete(
                  request.getId(),
                  request.getReplaced() ? DeletionReason.REPLACED : DeletionReason.DELETED);
          return DeleteDocumentResponse.newBuilder()
              .setFreedBytes(freed)
              .setHeldByOthers(store.isHidden(request.getId()))
              .build();
        });
  }

  @Override
  public void getNode(GetNodeRequest request, StreamObserver<Node> observer) {
    answer(
        "GetNode",
        observer,
        () -> {
          // Who asks before asking look-ups of it again must not be told too early.
          search.awaitWarm();
          Runtime runtime = Runtime.getRuntime();
          Node.Builder node =
              LifeMessages.node(store.figures())
                  .setVersion(facts.version())
                  .setProcessId(ProcessHandle.current().pid())
                  .setDataFolder(facts.dataFolder())
                  .setHeapUsedBytes(runtime.totalMemory() - runtime.freeMemory())
                  .setLookupStreams(searches.get());
          cluster.describe(node);
          return node.build();
        });
  }

  // -- between nodes
  // ------------------------------------------------------------------------------------------------

  @Override
  public void loadDocument(
      LoadDocumentRequest request, StreamObserver<LoadDocumentResponse> observer) {
    answer(
        "LoadDocument",
        observer,
        () -> LoadDocumentResponse.newBuilder().setLoaded(cluster.load(request.getId())).build());
  }

  @Override
  public void dropDocument(
      DropDocumentRequest request, StreamObserver<DropDocumentResponse> observer) {
    answer(
        "DropDocument",
        observer,
        () -> DropDocumentResponse.newBuilder().setDropped(cluster.drop(request.getId())).build());
  }

  // -- life cycle
  // -------------------------------------------------------------------------------------------------

  @Override
  public void updateDocument(UpdateDocumentRequest request, StreamObserver<Document> observer) {
    answer(
        "UpdateDocument",
        observer,
        () -> document(store.update(request.getId(), LifeMessages.change(request))));
  }

  @Override
  public void listDeleted(
      ListDeletedRequest request, StreamObserver<ListDeletedResponse> observer) {
    answer(
        "ListDeleted",
        observer,
        () -> LifeMessages.deleted(store.deleted(Math.max(0, request.getMost()))));
  }

  @Override
  public void collectGarbage(
      CollectGarbageRequest request, StreamObserver<CollectGarbageResponse> observer) {
    answer(
        "CollectGarbage",
        observer,
        () -> LifeMessages.garbage(store.collectGarbage(request.getBuildsOlderThanMillis())));
  }

  static <M> void answer(String call, StreamObserver<M> observer, Supplier<M> work) {
    M message;
    try {
      message = work.get();
    } catch (RuntimeException | Error e) {
      observer.onError(Statuses.toSend(call, e));
      return;
    }
    observer.onNext(message);
    observer.onCompleted();
  }

  // -- streams in
  // --------------------------------------------------------------------------------------------------

  /** A stream of requests that ends in one answer; after the first failure the rest is ignored. */
  abstract static class Intake<R, M> implements StreamObserver<R> {

    private final String call;
    private final StreamObserver<M> observer;
    private boolean failed;

    Intake(String call, StreamObserver<M> observer) {
      this.call = call;
      this.observer = observer;
    }

    abstract void take(R request);

    abstract M finish();

    /** However it ended. */
    void end() {}

    @Override
    public void onNext(R request) {
      if (!failed) {
        try {
          take(request);
        } catch (RuntimeException | Error e) {
          fail(e);
        }
      }
    }

    @Override
    public void onCompleted() {
      if (failed) {
        return;
      }
      M message;
      try {
        message = finish();
      } catch (RuntimeException | Error e) {
        fail(e);
        return;
      }
      end();
      observer.onNext(message);
      observer.onCompleted();
    }

    private void fail(Throwable e) {
      failed = true;
      end();
      observer.onError(Statuses.toSend(call, e));
    }

    @Override
    public void onError(Throwable cancelled) {
      if (!failed) {
        failed = true;
        end();
      }
    }
  }

  @Override
  public StreamObserver<AppendSpansRequest> appendSpans(
      StreamObserver<AppendSpansResponse> observer) {
    return new Intake<AppendSpansRequest, AppendSpansResponse>("AppendSpans", observer) {
      private long spans;

      @Override
      void take(AppendSpansRequest request) {
        List<NewSpan> list = request.getSpansList().stream().map(Messages::span).toList();
        store.append(request.getDocumentId(), request.getLayer(), list);
        spans += list.size();
      }

      @Override
      AppendSpansResponse finish() {
        return AppendSpansResponse.newBuilder().setSpans(spans).build();
      }
    };
  }

  @Override
  public StreamObserver<SealDocumentRequest> sealDocument(StreamObserver<Document> observer) {
    return new Intake<SealDocumentRequest, Document>("SealDocument", observer) {
      private @Nullable SealSession session;
      private SealHeader header = SealHeader.getDefaultInstance();

      @Override
      void take(SealDocumentRequest request) {
        switch (request.getPartCase()) {
          case HEADER -> {
            if (session != null) {
              throw new InvalidInputException("a seal has one header, at its beginning");
            }
            header = request.getHeader();
            Messages.searchMode(header.getSearchMode());
            LifeMessages.facts(header);
            session = store.beginSeal(header.getDocumentId(), header.getPromote());
          }
          case TAIL ->
              begun()
                  .tail(
                      request.getTail().getSection(),
                      request.getTail().getData().asReadOnlyByteBuffer());
          case PART_NOT_SET -> throw new InvalidInputException("an empty message in a seal");
        }
      }

      private SealSession begun() {
        if (session == null) {
          throw new InvalidInputException("a seal begins with its header");
        }
        return session;
      }

      @Override
      Document finish() {
        return document(
            begun()
                .finish(
                    Map.copyOf(header.getAttributesMap()),
                    Messages.searchMode(header.getSearchMode()),
                    LifeMessages.facts(header)));
      }

      @Override
      void end() {
        if (session != null) {
          session.close();
        }
      }
    };
  }

  @Override
  public StreamObserver<CheckpointDocumentRequest> checkpointDocument(
      StreamObserver<Document> observer) {
    return new Intake<CheckpointDocumentRequest, Document>("CheckpointDocument", observer) {
      private @Nullable CheckpointSession session;

      @Override
      void take(CheckpointDocumentRequest request) {
        switch (request.getPartCase()) {
          case HEADER -> {
            if (session != null) {
              throw new InvalidInputException("a checkpoint has one header, at its beginning");
            }
            session =
                store.beginCheckpoint(
                    request.getHeader().getDocumentId(),
                    request.getHeader().getTokens(),
                    Set.copyOf(request.getHeader().getKeptTokensList()));
          }
          case TAIL ->
              begun()
                  .tail(
                      request.getTail().getSection(),
                      request.getTail().getData().asReadOnlyByteBuffer());
          case PART_NOT_SET -> throw new InvalidInputException("an empty message in a checkpoint");
        }
      }

      private CheckpointSession begun() {
        if (session == null) {
          throw new InvalidInputException("a checkpoint begins with its header");
        }
        return session;
      }

      @Override
      Document finish() {
        return document(begun().finish());
      }

      @Override
      void end() {
        if (session != null) {
          session.close();
        }
      }
    };
  }

  // -- verification, export, import
  // --------------------------------------------------------------------------------

  @Override
  public void verifyDocument(
      VerifyDocumentRequest request, StreamObserver<VerifyDocumentResponse> observer) {
    fileCalls.verify(request, (ServerCallStreamObserver<VerifyDocumentResponse>) observer);
  }

  @Override
  public void prewarmDocument(
      PrewarmDocumentRequest request, StreamObserver<PrewarmDocumentResponse> observer) {
    fileCalls.prewarm(request, observer);
  }

  @Override
  public void exportDocument(
      ExportDocumentRequest request, StreamObserver<ExportDocumentResponse> observer) {
    fileCalls.export(request, (ServerCallStreamObserver<ExportDocumentResponse>) observer);
  }

  @Override
  public StreamObserver<ImportDocumentRequest> importDocument(StreamObserver<Document> observer) {
    return fileCalls.importDocument(observer);
  }

  // -- search
  // ------------------------------------------------------------------------------------------------------

  @Override
  public StreamObserver<SearchRequest> search(StreamObserver<SearchResponse> responses) {
    ServerCallStreamObserver<SearchResponse> observer =
        (ServerCallStreamObserver<SearchResponse>) responses;
    SearchStream stream = new SearchStream(observer);
    observer.disableAutoRequest();
    observer.setOnReadyHandler(stream::readMore);
    observer.request(REQUESTS_AHEAD);
    searches.incrementAndGet();
    // Both the end of the answers and a cancellation close a call, each once.
    AtomicBoolean open = new AtomicBoolean(true);
    Runnable closed =
        () -> {
          if (open.compareAndSet(true, false)) {
            searches.decrementAndGet();
          }
        };
    observer.setOnCloseHandler(closed);
    observer.setOnCancelHandler(
        () -> {
          stream.cancelled();
          closed.run();
        });
    return stream;
  }

  /**
   * Look-ups in the order they come; the next is taken in only when the answers before it are being
   * read.
   */
  private final class SearchStream implements StreamObserver<SearchRequest> {

    private final ServerCallStreamObserver<SearchResponse> observer;
    private int owed;
    private boolean ended;

    SearchStream(ServerCallStreamObserver<SearchResponse> observer) {
      this.observer = observer;
    }

    @Override
    public void onNext(SearchRequest request) {
      if (ended) {
        return;
      }
      observer.onNext(lookUp(request));
      owed++;
      readMore();
    }

    private void readMore() {
      if (!ended && owed > 0 && observer.isReady()) {
        observer.request(owed);
        owed = 0;
      }
    }

    @Override
    public void onError(Throwable cancelled) {
      ended = true;
    }

    private void cancelled() {
      ended = true;
    }

    @Override
    public void onCompleted() {
      ended = true;
      observer.onCompleted();
    }
  }

  private SearchResponse lookUp(SearchRequest request) {
    List<OpenDocument> documents = new ArrayList<>();
    long start = System.nanoTime();
    try {
      for (String id : request.getDocumentIdsList()) {
        documents.add(store.open(id));
        store.used(DocumentPart.of(id).id());
      }
      LookUpAnswer answer = search.search(documents, Messages.lookUp(request));
      meters.lookedUp(System.nanoTime() - start, answer.tokensRescored());
      return Messages.answer(request.getLayer(), answer);
    } catch (StoreException e) {
      meters.lookupFailed();
      return failed(request, e);
    } catch (RuntimeException | Error e) {
      meters.lookupFailed();
      return failed(request, e);
    } finally {
      documents.forEach(OpenDocument::close);
    }
  }

  private static SearchResponse failed(SearchRequest request, Throwable problem) {
    var status = Statuses.toSend("Search", problem).getStatus();
    return SearchResponse.newBuilder()
        .setLayer(request.getLayer())
        .setError(status.getCode() + ": " + status.getDescription())
        .build();
  }

  // -- streams out
  // -------------------------------------------------------------------------------------------------

  @Override
  public void fetchBlocks(FetchBlocksRequest request, StreamObserver<Block> observer) {
    OpenDocument document = null;
    try {
      document = store.open(request.getDocumentId());
      store.used(DocumentPart.of(document.id()).id());
      LayerView layer = document.layer(request.getLayer());
      for (int span : request.getSpansList()) {
        if (span < 0 || span >= layer.spanCount()) {
          throw new InvalidInputException(
              "document %s, layer %d has no span %d: it has %d spans"
                  .formatted(document.id(), request.getLayer(), span, layer.spanCount()));
        }
      }
      Iterator<Integer> spans = request.getSpansList().iterator();
      PacedAnswer.send(
          "FetchBlocks",
          (ServerCallStreamObserver<Block>) observer,
          () -> spans.hasNext() ? block(layer, spans.next()) : null,
          document);
    } catch (RuntimeException | Error e) {
      if (document != null) {
        document.close();
      }
      observer.onError(Statuses.toSend("FetchBlocks", e));
    }
  }

  private Block block(LayerView layer, int span) {
    SearchPart reading = SearchPart.start();
    Block block =
        Block.newBuilder()
            .setSpan(span)
            .setStart(layer.start(span))
            .setEnd(layer.end(span))
            .setKeys(Messages.copy(layer.keys(span)))
            .setValues(Messages.copy(layer.values(span)))
            .build();
    meters.sent(block.getKeys().size() + (long) block.getValues().size());
    reading.end("reading a block", -1);
    return block;
  }

  @Override
  public void readTail(ReadTailRequest request, StreamObserver<TailPart> observer) {
    DocumentTail tail = null;
    try {
      tail = store.openTail(request.getDocumentId());
      store.used(DocumentPart.of(request.getDocumentId()).id());
      List<String> sections =
          request.getSectionsCount() == 0 ? tail.sections() : request.getSectionsList();
      PacedAnswer.send(
          "ReadTail",
          (ServerCallStreamObserver<TailPart>) observer,
          new TailParts(tail, sections),
          tail);
    } catch (RuntimeException | Error e) {
      if (tail != null) {
        tail.close();
      }
      observer.onError(Statuses.toSend("ReadTail", e));
    }
  }

  /** Cuts sections into parts; an empty section is one empty part. */
  private static final class TailParts implements Supplier<@Nullable TailPart> {

    private final DocumentTail tail;
    private final Iterator<String> sections;
    private String name = "";
    private @Nullable MemorySegment section;
    private long at;

    TailParts(DocumentTail tail, List<String> sections) {
      this.tail = tail;
      this.sections = sections.iterator();
    }

    @Override
    public @Nullable TailPart get() {
      MemorySegment current = section;
      if (current == null) {
        if (!sections.hasNext()) {
          return null;
        }
        name = sections.next();
        current = tail.read(name);
        at = 0;
      }
      long bytes = Math.min(TAIL_PART, current.byteSize() - at);
      ByteString data = Messages.copy(current.asSlice(at, bytes));
      at += bytes;
      section = at < current.byteSize() ? current : null;
      return TailPart.newBuilder().setSection(name).setData(data).build();
    }
  }
}
