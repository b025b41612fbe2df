package io.ltri.index.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.ltri.index.search.SearchLimits;
import io.ltri.index.store.RandomSpans;
import io.ltri.index.store.StoreSettings;
import io.ltri.proto.index.v1.AppendSpansRequest;
import io.ltri.proto.index.v1.AppendSpansResponse;
import io.ltri.proto.index.v1.CheckpointDocumentRequest;
import io.ltri.proto.index.v1.CheckpointHeader;
import io.ltri.proto.index.v1.CreateDocumentRequest;
import io.ltri.proto.index.v1.DeleteDocumentRequest;
import io.ltri.proto.index.v1.Document;
import io.ltri.proto.index.v1.DocumentState;
import io.ltri.proto.index.v1.GetDocumentRequest;
import io.ltri.proto.index.v1.Layout;
import io.ltri.proto.index.v1.ReadTailRequest;
import io.ltri.proto.index.v1.SealDocumentRequest;
import io.ltri.proto.index.v1.SealHeader;
import io.ltri.proto.index.v1.SearchRequest;
import io.ltri.proto.index.v1.SearchResponse;
import io.ltri.proto.index.v1.Span;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import io.ltri.proto.index.v1.StorageType;
import io.ltri.proto.index.v1.TailPart;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints, build keys, continued and promoted documents, as a client sees them. */
@SuppressWarnings("NullAway.Init") // opened before each test
class BuildCallsTest {

  private static final Layout LAYOUT =
      Layout.newBuilder()
          .setLayers(1)
          .setQueryHeads(2)
          .setKvHeads(1)
          .setHeadDim(16)
          .setStorageType(StorageType.STORAGE_TYPE_BF16)
          .setScoreScale(0.25f)
          .build();

  @TempDir Path folder;

  private InProcessIndex index;
  private SpanIndexGrpc.SpanIndexBlockingStub blocking;
  private SpanIndexGrpc.SpanIndexStub streaming;

  @BeforeEach
  void start() throws Exception {
    index =
        new InProcessIndex(
            new StoreSettings(folder, 2, 20_000, 4), 1, new SearchLimits(64, 1 << 16));
    blocking = index.blocking;
    streaming = index.streaming;
  }

  @AfterEach
  void stop() throws Exception {
    index.close();
  }

  @Test
  void buildGoesOnAfterARestartOfTheServiceFromItsLastCheckpoint() throws Exception {
    String first = create("key", "", false).getId();
    append(first, 0, 8);
    Document built = checkpoint(first, 100, "state at 100");
    assertThat(built.getState()).isEqualTo(DocumentState.DOCUMENT_STATE_BUILDING);
    assertThat(built.getCheckpointTokens()).isEqualTo(100);
    append(first, 8, 3);
    stop();
    start();

    assertStatus(Status.Code.FAILED_PRECONDITION, () -> append(first, 11, 1));
    Document again = create("key", "", false);
    assertThat(again.getCheckpointTokens()).isEqualTo(100);
    assertThat(again.getSpans()).isEqualTo(8);
    assertThat(again.getTenant()).isEqualTo("somebody");
    assertThat(tail(again.getId())).isEqualTo("state at 100");
    append(again.getId(), 8, 4);
    Document sealed = seal(again.getId(), false);
    assertThat(sealed.getSpans()).isEqualTo(12);
    assertThat(sealed.getCheckpointTokens()).isZero();
    assertThat(tail(sealed.getId())).isEqualTo("the end");
  }

  @Test
  void writerIsToldThatAnotherOneTookItsBuildOver() throws Exception {
    String first = create("key", "", false).getId();
    append(first, 0, 2);
    checkpoint(first, 10, "state");
    String second = create("key", "", false).getId();
    assertThat(second).isNotEqualTo(first);
    assertStatus(Status.Code.FAILED_PRECONDITION, () -> append(first, 2, 1));
    assertStatus(Status.Code.FAILED_PRECONDITION, () -> seal(first, false));
    append(second, 2, 1);
    assertStatus(Status.Code.INVALID_ARGUMENT, () -> checkpoint(second, 0, ""));
    String keyless = create("", "", false).getId();
    assertStatus(Status.Code.FAILED_PRECONDITION, () -> checkpoint(keyless, 10, ""));
  }

  @Test
  void promotedDeltaIsSearchedWithTheDeletedDocumentThatItContinues() throws Exception {
    String parent = create("", "", false).getId();
    append(parent, 0, 10);
    seal(parent, false);
    String delta = create("", parent, true).getId();
    append(delta, 500, 4);
    assertStatus(Status.Code.FAILED_PRECONDITION, () -> seal(delta, false));
    Document child = seal(delta, true);
    assertThat(child.getParentId()).isEqualTo(parent);
    assertThat(child.getAncestorIdsList()).containsExactly(parent);
    SearchResponse before = lookUp(child);

    var deleted = blocking.deleteDocument(DeleteDocumentRequest.newBuilder().setId(parent).build());
    assertThat(deleted.getHeldByOthers()).isTrue();
    assertThat(deleted.getFreedBytes()).isZero();
    assertStatus(
        Status.Code.NOT_FOUND,
        () -> blocking.getDocument(GetDocumentRequest.newBuilder().setId(parent).build()));
    assertThat(lookUp(child)).isEqualTo(before);
    assertThat(before.getCandidatesList())
        .extracting(candidate -> candidate.getDocument())
        .contains(0, 1);
    assertThat(tail(parent)).isEqualTo("the end");

    var last = blocking.deleteDocument(DeleteDocumentRequest.newBuilder().setId(delta).build());
    assertThat(last.getHeldByOthers()).isFalse();
    assertThat(last.getFreedBytes()).isGreaterThan(child.getSizeBytes());
    assertStatus(Status.Code.NOT_FOUND, () -> tail(parent));
  }

  // -- a client in few words
  // ---------------------------------------------------------------------------------------

  private Document create(String key, String parent, boolean ephemeral) {
    return blocking.createDocument(
        CreateDocumentRequest.newBuilder()
            .setLayout(LAYOUT)
            .setTenant("somebody")
            .setBuildKey(key)
            .setParentId(parent)
            .setEphemeral(ephemeral)
            .build());
  }

  /** Spans of two tokens each. */
  private void append(String id, int first, int count) throws Exception {
    RandomSpans random = new RandomSpans(first, Messages.layout(LAYOUT));
    AppendSpansRequest.Builder request = AppendSpansRequest.newBuilder().setDocumentId(id);
    for (int i = first; i < first + count; i++) {
      var span = random.span(2 * i, 2 * i + 2, 1).span();
      request.addSpans(
          Span.newBuilder()
              .setStart(span.start())
              .setEnd(span.end())
              .setVectors(ByteString.copyFrom(span.vectors().duplicate()))
              .setKeys(ByteString.copyFrom(span.keys().duplicate()))
              .setValues(ByteString.copyFrom(span.values().duplicate())));
    }
    Function<StreamObserver<AppendSpansResponse>, StreamObserver<AppendSpansRequest>> call =
        streaming::appendSpans;
    assertThat(send(call, List.of(request.build())).getSpans()).isEqualTo(count);
  }

  private Document checkpoint(String id, long tokens, String state) throws Exception {
    return send(
        streaming::checkpointDocument,
        List.of(
            CheckpointDocumentRequest.newBuilder()
                .setHeader(CheckpointHeader.newBuilder().setDocumentId(id).setTokens(tokens))
                .build(),
            CheckpointDocumentRequest.newBuilder().setTail(part(state)).build()));
  }

  private Document seal(String id, boolean promote) throws Exception {
    return send(
        streaming::sealDocument,
        List.of(
            SealDocumentRequest.newBuilder()
                .setHeader(SealHeader.newBuilder().setDocumentId(id).setPromote(promote))
                .build(),
            SealDocumentRequest.newBuilder().setTail(part("the end")).build()));
  }

  private static TailPart part(String text) {
    return TailPart.newBuilder().setSection("state").setData(ByteString.copyFromUtf8(text)).build();
  }

  private String tail(String id) {
    StringBuilder text = new StringBuilder();
    blocking
        .readTail(ReadTailRequest.newBuilder().setDocumentId(id).build())
        .forEachRemaining(received -> text.append(received.getData().toStringUtf8()));
    return text.toString();
  }

  private SearchResponse lookUp(Document document) throws Exception {
    byte[] queries = new byte[2 * 16 * Float.BYTES];
    SearchResponse answer =
        send(
            streaming::search,
            List.of(
                SearchRequest.newBuilder()
                    .addAllDocumentIds(document.getAncestorIdsList())
                    .addDocumentIds(document.getId())
                    .setQueries(ByteString.copyFrom(queries))
                    .setQueryCount(1)
                    .setCandidateTokens(1_000)
                    .build()));
    assertThat(answer.getError()).isEmpty();
    return answer;
  }

  private static <R, M> M send(
      Function<StreamObserver<M>, StreamObserver<R>> call, List<R> messages) throws Exception {
    CompletableFuture<M> answer = new CompletableFuture<>();
    StreamObserver<R> requests =
        call.apply(
            new StreamObserver<>() {
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
            });
    messages.forEach(requests::onNext);
    requests.onCompleted();
    try {
      return answer.get(30, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw (Exception) e.getCause();
    }
  }

  private interface Call {
    void run() throws Exception;
  }

  private static void assertStatus(Status.Code code, Call call) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).as("%s", e).isEqualTo(code));
  }
}
