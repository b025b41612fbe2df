package io.ltri.index.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import io.ltri.index.search.SearchLimits;
import io.ltri.index.store.DocumentLayout;
import io.ltri.index.store.RandomSpans;
import io.ltri.index.store.StoreSettings;
import io.ltri.proto.index.v1.AppendSpansRequest;
import io.ltri.proto.index.v1.AppendSpansResponse;
import io.ltri.proto.index.v1.Block;
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
import io.ltri.proto.index.v1.SearchRequest;
import io.ltri.proto.index.v1.SearchResponse;
import io.ltri.proto.index.v1.Span;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import io.ltri.proto.index.v1.StorageType;
import io.ltri.proto.index.v1.TailPart;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The service as a client sees it, over gRPC inside the process. */
@SuppressWarnings("NullAway.Init") // opened before each test
class SpanIndexServiceTest {

  private static final Layout LAYOUT =
      Layout.newBuilder()
          .setLayers(3)
          .setQueryHeads(4)
          .setKvHeads(2)
          .setHeadDim(64)
          .setStorageType(StorageType.STORAGE_TYPE_BF16)
          .setScoreScale(0.125f)
          .build();

  @TempDir Path folder;

  private InProcessIndex index;
  private SpanIndexGrpc.SpanIndexBlockingStub blocking;
  private SpanIndexGrpc.SpanIndexStub streaming;

  @BeforeEach
  void start() throws Exception {
    index =
        new InProcessIndex(
            new StoreSettings(folder, 2, 20_000, 4), 2, new SearchLimits(64, 1 << 16));
    blocking = index.blocking;
    streaming = index.streaming;
  }

  @AfterEach
  void stop() throws Exception {
    index.close();
  }

  @Test
  void documentIsCreatedFilledSealedAndReadBack() throws Exception {
    String id = create(Map.of("title", "first", "kept", "yes"), false);
    List<Span> spans = spans(1, 20, 12);
    append(id, 1, spans.subList(0, 7));
    append(id, 1, spans.subList(7, 20));
    assertThat(blocking.getDocument(get(id)).getState())
        .isEqualTo(DocumentState.DOCUMENT_STATE_BUILDING);
    assertThat(list(false)).isEmpty();
    assertThat(list(true)).containsExactly(id);

    byte[] large = new byte[5 << 20];
    new Random(3).nextBytes(large);
    Document sealed =
        seal(
            id,
            Map.of("title", "last"),
            List.of(
                part("ids", large, 0, 1 << 20),
                part("ids", large, 1 << 20, 4 << 20),
                part("empty", large, 0, 0)));
    assertThat(sealed.getState()).isEqualTo(DocumentState.DOCUMENT_STATE_READY);
    assertThat(sealed.getAttributesMap()).isEqualTo(Map.of("title", "last", "kept", "yes"));
    assertThat(sealed.getSpans()).isEqualTo(20);
    assertThat(sealed.getSearchMode()).isEqualTo(SearchMode.SEARCH_MODE_SCAN);
    assertThat(sealed.getLayout()).isEqualTo(LAYOUT);
    assertThat(list(false)).containsExactly(id);

    List<Block> blocks = fetch(id, 1, List.of(19, 0, 5));
    assertThat(blocks).extracting(Block::getSpan).containsExactly(19, 0, 5);
    for (Block block : blocks) {
      Span span = spans.get(block.getSpan());
      assertThat(block.getStart()).isEqualTo(span.getStart());
      assertThat(block.getEnd()).isEqualTo(span.getEnd());
      assertThat(block.getKeys()).isEqualTo(span.getKeys());
      assertThat(block.getValues()).isEqualTo(span.getValues());
    }

    Map<String, ByteString> tail = new HashMap<>();
    blocking
        .readTail(ReadTailRequest.newBuilder().setDocumentId(id).build())
        .forEachRemaining(
            received -> {
              assertThat(received.getData().size()).isLessThanOrEqualTo(1 << 20);
              tail.merge(received.getSection(), received.getData(), ByteString::concat);
            });
    assertThat(tail)
        .isEqualTo(Map.of("ids", ByteString.copyFrom(large), "empty", ByteString.EMPTY));

    var node = blocking.getNode(GetNodeRequest.getDefaultInstance());
    assertThat(node.getDocuments()).isEqualTo(1);
    assertThat(node.getSizeBytes()).as("in whole blocks").isGreaterThan(sealed.getSizeBytes());
    assertThat(blocking.deleteDocument(delete(id)).getFreedBytes()).isEqualTo(node.getSizeBytes());
    assertStatus(Status.Code.NOT_FOUND, () -> blocking.getDocument(get(id)));
  }

  @Test
  void searchAnswersInOrderAndGoesOnAfterAnError() throws Exception {
    String id = create(Map.of(), false);
    append(id, 2, spans(1, 40, 10));
    String delta = create(Map.of(), true);
    append(
        delta,
        2,
        List.of(
            spans(9, 1, 8).getFirst().toBuilder()
                .setStart(900)
                .setEnd(900 + length(spans(9, 1, 8).getFirst()))
                .build()));
    assertThat(list(true)).containsExactly(id);

    BlockingQueue<SearchResponse> answers = new LinkedBlockingQueue<>();
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    StreamObserver<SearchRequest> requests = streaming.search(observer(answers::add, done));
    for (int i = 0; i < 20; i++) {
      requests.onNext(query(i % 5 == 3 ? "nobody" : id, i % 5 == 4 ? 7 : 2, 2).build());
    }
    requests.onNext(query(id, 2, 3).addDocumentIds(delta).build());
    requests.onCompleted();
    assertThat(done.get(20, TimeUnit.SECONDS)).isTrue();
    assertThat(answers).hasSize(21);
    List<SearchResponse> list = List.copyOf(answers);
    for (int i = 0; i < 20; i++) {
      SearchResponse answer = list.get(i);
      assertThat(answer.getLayer()).isEqualTo(i % 5 == 4 ? 7 : 2);
      switch (i % 5) {
        case 3 -> assertThat(answer.getError()).startsWith("NOT_FOUND").contains("nobody");
        case 4 -> assertThat(answer.getError()).startsWith("INVALID_ARGUMENT").contains("layer 7");
        default -> {
          assertThat(answer.getError()).isEmpty();
          assertThat(answer.getCandidatesList()).isNotEmpty();
          assertThat(answer.getCandidates(0).getMassCount()).isEqualTo(4);
          assertThat(answer.getLogSum().size()).isEqualTo(4 * 2 * 4);
        }
      }
    }
    assertThat(list.getLast().getCandidatesList())
        .anySatisfy(candidate -> assertThat(candidate.getDocument()).isEqualTo(1));
  }

  @Test
  void hundredMegabytesOfBlocksComeWhole() throws Exception {
    String id = create(Map.of(), false);
    int tokens = 2_000;
    Span span = spans(5, 1, 2).getFirst();
    byte[] part = new byte[2 * tokens * 64 * 2];
    new Random(1).nextBytes(part);
    span =
        span.toBuilder()
            .setStart(0)
            .setEnd(tokens)
            .setKeys(ByteString.copyFrom(part))
            .setValues(ByteString.copyFrom(part))
            .build();
    append(id, 0, List.of(span));
    seal(id, Map.of(), List.of());
    int copies = (100 << 20) / (2 * part.length) + 1;
    long bytes = 0;
    Iterator<Block> blocks =
        blocking.fetchBlocks(
            FetchBlocksRequest.newBuilder()
                .setDocumentId(id)
                .addAllSpans(IntStream.range(0, copies).mapToObj(i -> 0).toList())
                .build());
    while (blocks.hasNext()) {
      Block block = blocks.next();
      assertThat(block.getKeys()).isEqualTo(span.getKeys());
      bytes += block.getKeys().size() + block.getValues().size();
    }
    assertThat(bytes).isGreaterThanOrEqualTo(100 << 20);
  }

  @Test
  void readerKeepsItsDocumentWhileItIsDeleted() throws Exception {
    String id = create(Map.of(), false);
    List<Span> spans = spans(1, 200, 60);
    append(id, 0, spans);
    seal(id, Map.of(), List.of());
    List<Block> received = new ArrayList<>();
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    CompletableFuture<ClientCallStreamObserver<FetchBlocksRequest>> flow =
        new CompletableFuture<>();
    CompletableFuture<Boolean> first = new CompletableFuture<>();
    streaming.fetchBlocks(
        fetchRequest(id, 0, IntStream.range(0, 200).boxed().toList()),
        new ClientResponseObserver<FetchBlocksRequest, Block>() {
          @Override
          public void beforeStart(ClientCallStreamObserver<FetchBlocksRequest> stream) {
            stream.disableAutoRequestWithInitial(1);
            flow.complete(stream);
          }

          @Override
          public void onNext(Block block) {
            received.add(block);
            first.complete(true);
          }

          @Override
          public void onError(Throwable e) {
            done.completeExceptionally(e);
          }

          @Override
          public void onCompleted() {
            done.complete(true);
          }
        });
    assertThat(first.get(10, TimeUnit.SECONDS)).isTrue();
    blocking.deleteDocument(delete(id));
    assertStatus(Status.Code.NOT_FOUND, () -> fetch(id, 0, List.of(0)));
    assertThat(folder.resolve("documents").resolve(id)).doesNotExist();
    flow.get().request(200);
    assertThat(done.get(10, TimeUnit.SECONDS)).isTrue();
    assertThat(received).hasSize(200);
    assertThat(received.get(199).getKeys()).isEqualTo(spans.get(199).getKeys());
  }

  @Test
  void everyMistakeHasItsStatus() throws Exception {
    assertStatus(
        Status.Code.INVALID_ARGUMENT,
        () ->
            blocking.createDocument(
                CreateDocumentRequest.newBuilder()
                    .setLayout(LAYOUT.toBuilder().setQueryHeads(5))
                    .build()));
    String id = create(Map.of(), false);
    Span good = spans(1, 1, 5).getFirst();
    append(id, 0, List.of(good));
    assertStatus(Status.Code.INVALID_ARGUMENT, () -> append(id, 0, List.of(good)));
    assertStatus(Status.Code.INVALID_ARGUMENT, () -> append(id, 3, List.of(good)));
    assertStatus(
        Status.Code.INVALID_ARGUMENT,
        () -> append(id, 1, List.of(good.toBuilder().setKeys(ByteString.EMPTY).build())));
    assertStatus(Status.Code.NOT_FOUND, () -> append("nobody", 0, List.of(good)));
    assertStatus(Status.Code.INVALID_ARGUMENT, () -> fetch(id, 0, List.of(1)));
    assertStatus(
        Status.Code.FAILED_PRECONDITION,
        () -> blocking.readTail(ReadTailRequest.newBuilder().setDocumentId(id).build()).next());
    assertStatus(
        Status.Code.INVALID_ARGUMENT,
        () ->
            seal(
                id,
                Map.of(),
                List.of(
                    part("a", new byte[1], 0, 1),
                    part("b", new byte[1], 0, 1),
                    part("a", new byte[1], 0, 1))));
    assertThat(blocking.getDocument(get(id)).getState())
        .isEqualTo(DocumentState.DOCUMENT_STATE_BUILDING);
    seal(id, Map.of(), List.of());
    assertStatus(
        Status.Code.FAILED_PRECONDITION,
        () ->
            append(
                id, 0, List.of(good.toBuilder().setStart(50).setEnd(50 + length(good)).build())));
    assertStatus(Status.Code.FAILED_PRECONDITION, () -> seal(id, Map.of(), List.of()));
    String delta = create(Map.of(), true);
    assertStatus(Status.Code.FAILED_PRECONDITION, () -> seal(delta, Map.of(), List.of()));
  }

  @Test
  void sealThatIsCancelledLeavesTheDocumentAsItWas() throws Exception {
    String id = create(Map.of(), false);
    append(id, 0, spans(1, 3, 5));
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    StreamObserver<SealDocumentRequest> requests = streaming.sealDocument(observer(d -> {}, done));
    requests.onNext(header(id, Map.of()));
    requests.onNext(part("ids", new byte[100], 0, 100));
    requests.onError(new InterruptedException("the client went away"));
    for (int i = 0;
        i < 500
            && blocking.getDocument(get(id)).getState() != DocumentState.DOCUMENT_STATE_BUILDING;
        i++) {
      Thread.sleep(10);
    }
    append(id, 1, spans(2, 3, 5));
    assertThat(seal(id, Map.of(), List.of()).getSpans()).isEqualTo(6);
  }

  // -- a client in few words
  // ---------------------------------------------------------------------------------------

  private String create(Map<String, String> attributes, boolean ephemeral) {
    return blocking
        .createDocument(
            CreateDocumentRequest.newBuilder()
                .setLayout(LAYOUT)
                .putAllAttributes(attributes)
                .setEphemeral(ephemeral)
                .build())
        .getId();
  }

  private static List<Span> spans(long seed, int count, int longest) {
    DocumentLayout layout = Messages.layout(LAYOUT);
    return new RandomSpans(seed, layout)
        .spans(count, 0, longest, 3).stream()
            .map(RandomSpans.Plain::span)
            .map(
                span ->
                    Span.newBuilder()
                        .setStart(span.start())
                        .setEnd(span.end())
                        .setScore(span.score())
                        .setConfidence(span.confidence())
                        .setVectors(ByteString.copyFrom(span.vectors().duplicate()))
                        .setKeys(ByteString.copyFrom(span.keys().duplicate()))
                        .setValues(ByteString.copyFrom(span.values().duplicate()))
                        .build())
            .toList();
  }

  private static int length(Span span) {
    return span.getEnd() - span.getStart();
  }

  private AppendSpansResponse append(String id, int layer, List<Span> spans) throws Exception {
    CompletableFuture<AppendSpansResponse> answer = new CompletableFuture<>();
    StreamObserver<AppendSpansRequest> requests = streaming.appendSpans(single(answer));
    requests.onNext(
        AppendSpansRequest.newBuilder()
            .setDocumentId(id)
            .setLayer(layer)
            .addAllSpans(spans)
            .build());
    requests.onCompleted();
    return await(answer);
  }

  private Document seal(String id, Map<String, String> attributes, List<SealDocumentRequest> tail)
      throws Exception {
    CompletableFuture<Document> answer = new CompletableFuture<>();
    StreamObserver<SealDocumentRequest> requests = streaming.sealDocument(single(answer));
    requests.onNext(header(id, attributes));
    tail.forEach(requests::onNext);
    requests.onCompleted();
    return await(answer);
  }

  private static SealDocumentRequest header(String id, Map<String, String> attributes) {
    return SealDocumentRequest.newBuilder()
        .setHeader(SealHeader.newBuilder().setDocumentId(id).putAllAttributes(attributes))
        .build();
  }

  private static SealDocumentRequest part(String section, byte[] bytes, int from, int count) {
    return SealDocumentRequest.newBuilder()
        .setTail(
            TailPart.newBuilder()
                .setSection(section)
                .setData(ByteString.copyFrom(bytes, from, count)))
        .build();
  }

  private static SearchRequest.Builder query(String id, int layer, int count) {
    ByteBuffer queries = ByteBuffer.allocate(4 * count * 64 * 4).order(ByteOrder.LITTLE_ENDIAN);
    Random random = new Random(count);
    while (queries.hasRemaining()) {
      queries.putFloat((float) random.nextGaussian());
    }
    return SearchRequest.newBuilder()
        .addDocumentIds(id)
        .setLayer(layer)
        .setQueries(ByteString.copyFrom(queries.flip()))
        .setQueryCount(count)
        .setCandidateTokens(1_000);
  }

  private static FetchBlocksRequest fetchRequest(String id, int layer, List<Integer> spans) {
    return FetchBlocksRequest.newBuilder()
        .setDocumentId(id)
        .setLayer(layer)
        .addAllSpans(spans)
        .build();
  }

  private List<Block> fetch(String id, int layer, List<Integer> spans) {
    List<Block> blocks = new ArrayList<>();
    blocking.fetchBlocks(fetchRequest(id, layer, spans)).forEachRemaining(blocks::add);
    return blocks;
  }

  private List<String> list(boolean includeBuilding) {
    return blocking
        .listDocuments(
            ListDocumentsRequest.newBuilder().setIncludeBuilding(includeBuilding).build())
        .getDocumentsList()
        .stream()
        .map(Document::getId)
        .toList();
  }

  private static GetDocumentRequest get(String id) {
    return GetDocumentRequest.newBuilder().setId(id).build();
  }

  private static DeleteDocumentRequest delete(String id) {
    return DeleteDocumentRequest.newBuilder().setId(id).build();
  }

  private interface Call {
    void run() throws Exception;
  }

  private static void assertStatus(Status.Code code, Call call) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getCode()).as("%s", e).isEqualTo(code);
              assertThat(e.getStatus().getDescription()).isNotBlank();
            });
  }

  private static <M> M await(CompletableFuture<M> answer) throws Exception {
    try {
      return answer.get(30, TimeUnit.SECONDS);
    } catch (java.util.concurrent.ExecutionException e) {
      throw (Exception) e.getCause();
    }
  }

  private static <M> StreamObserver<M> single(CompletableFuture<M> answer) {
    return new StreamObserver<>() {
      @Override
      public void onNext(M message) {
        answer.complete(message);
      }

      @Override
      public void onError(Throwable e) {
        answer.completeExceptionally(e);
      }

      @Override
      public void onCompleted() {}
    };
  }

  private static <M> StreamObserver<M> observer(
      Consumer<M> messages, CompletableFuture<Boolean> done) {
    return new StreamObserver<>() {
      @Override
      public void onNext(M message) {
        messages.accept(message);
      }

      @Override
      public void onError(Throwable e) {
        done.completeExceptionally(e);
      }

      @Override
      public void onCompleted() {
        done.complete(true);
      }
    };
  }
}
