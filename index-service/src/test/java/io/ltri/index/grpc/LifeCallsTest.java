package io.ltri.index.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.ltri.index.search.SearchLimits;
import io.ltri.index.store.LifeSettings;
import io.ltri.index.store.StoreSettings;
import io.ltri.proto.index.v1.AppendSpansRequest;
import io.ltri.proto.index.v1.AppendSpansResponse;
import io.ltri.proto.index.v1.CollectGarbageRequest;
import io.ltri.proto.index.v1.CreateDocumentRequest;
import io.ltri.proto.index.v1.DeleteDocumentRequest;
import io.ltri.proto.index.v1.Document;
import io.ltri.proto.index.v1.GetDocumentRequest;
import io.ltri.proto.index.v1.GetNodeRequest;
import io.ltri.proto.index.v1.Layout;
import io.ltri.proto.index.v1.ListDeletedRequest;
import io.ltri.proto.index.v1.SealDocumentRequest;
import io.ltri.proto.index.v1.SealHeader;
import io.ltri.proto.index.v1.Span;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import io.ltri.proto.index.v1.StorageType;
import io.ltri.proto.index.v1.TailPart;
import io.ltri.proto.index.v1.UpdateDocumentRequest;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The life of documents and their limits, as a client sees them. */
@SuppressWarnings("NullAway.Init") // opened before each test
class LifeCallsTest {

  private static final long LIMIT = 400_000;

  private static final Layout LAYOUT =
      Layout.newBuilder()
          .setLayers(1)
          .setQueryHeads(1)
          .setKvHeads(1)
          .setHeadDim(64)
          .setStorageType(StorageType.STORAGE_TYPE_FP32)
          .setScoreScale(0.125f)
          .build();

  @TempDir Path folder;

  private InProcessIndex index;
  private SpanIndexGrpc.SpanIndexBlockingStub blocking;
  private SpanIndexGrpc.SpanIndexStub streaming;

  @BeforeEach
  void start() throws Exception {
    LifeSettings life =
        new LifeSettings(LIMIT, 0, Map.of("small", 50_000L), 0, false, 60_000, 86_400_000);
    index =
        new InProcessIndex(
            new StoreSettings(folder, 2, 20_000, 4, 64, life), 1, new SearchLimits(64, 1 << 16));
    blocking = index.blocking;
    streaming = index.streaming;
  }

  @AfterEach
  void stop() throws Exception {
    index.close();
  }

  @Test
  void documentHasALifeThatCanBeChangedUntilItIsProvablyGone() throws Exception {
    String id = create("acme");
    append(id, 0, 10);
    Document sealed =
        seal(
            SealHeader.newBuilder()
                .setDocumentId(id)
                .setBuildMillis(77)
                .setExpireAfterMillis(3_600_000)
                .setExtendByMillis(60_000)
                .build());
    assertThat(sealed.getTenant()).isEqualTo("acme");
    assertThat(sealed.getBuildMillis()).isEqualTo(77);
    assertThat(sealed.getExpiresAtMillis() - sealed.getLastUsedAtMillis()).isEqualTo(3_600_000);
    assertThat(sealed.getExtendByMillis()).isEqualTo(60_000);

    Document updated =
        blocking.updateDocument(
            UpdateDocumentRequest.newBuilder()
                .setId(id)
                .setExpiresAtMillis(0)
                .setPinned(true)
                .putSetLabels("name", "report")
                .build());
    assertThat(updated.getExpiresAtMillis()).isZero();
    assertThat(updated.getExtendByMillis()).isZero();
    assertThat(updated.getPinned()).isTrue();
    assertThat(updated)
        .isEqualTo(blocking.getDocument(GetDocumentRequest.newBuilder().setId(id).build()));
    assertThat(
            blocking
                .updateDocument(
                    UpdateDocumentRequest.newBuilder().setId(id).addRemoveLabels("name").build())
                .getLabelsMap())
        .isEmpty();

    var node = blocking.getNode(GetNodeRequest.getDefaultInstance());
    assertThat(node.getQuotaBytes()).isEqualTo(LIMIT);
    assertThat(node.getFreeBytes()).isEqualTo(LIMIT - node.getSizeBytes());
    assertThat(node.getDocuments()).isEqualTo(1);
    create("acme");
    assertThat(blocking.getNode(GetNodeRequest.getDefaultInstance()).getBuilds()).isEqualTo(1);

    long freed =
        blocking
            .deleteDocument(DeleteDocumentRequest.newBuilder().setId(id).build())
            .getFreedBytes();
    assertThat(freed).isEqualTo(node.getSizeBytes());
    assertThat(
            blocking
                .listDeleted(ListDeletedRequest.newBuilder().setMost(5).build())
                .getDocumentsList())
        .singleElement()
        .satisfies(
            gone -> {
              assertThat(gone.getId()).isEqualTo(id);
              assertThat(gone.getTenant()).isEqualTo("acme");
              assertThat(gone.getReason()).isEqualTo("deleted");
              assertThat(gone.getFreedBytes()).isEqualTo(freed);
              assertThat(gone.getDeletedAtMillis()).isPositive();
            });
    Thread.sleep(2);
    assertThat(
            blocking.collectGarbage(
                CollectGarbageRequest.newBuilder().setBuildsOlderThanMillis(1).build()))
        .satisfies(garbage -> assertThat(garbage.getAbandonedBuilds()).isEqualTo(1));
  }

  @Test
  void readingCountsAsUse() throws Exception {
    String id = create("");
    append(id, 0, 10);
    long sealed = seal(SealHeader.newBuilder().setDocumentId(id).build()).getLastUsedAtMillis();
    Thread.sleep(2);
    blocking
        .readTail(io.ltri.proto.index.v1.ReadTailRequest.newBuilder().setDocumentId(id).build())
        .forEachRemaining(part -> {});
    assertThat(
            blocking
                .getDocument(GetDocumentRequest.newBuilder().setId(id).build())
                .getLastUsedAtMillis())
        .isGreaterThan(sealed);
  }

  @Test
  void refusedWriteSaysHowManyBytesAreMissingAndWhose() throws Exception {
    String id = create("small");
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 20; i++) {
                append(id, 10 * i, 10 * i + 10);
              }
            })
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
              assertThat(e.getStatus().getDescription())
                  .containsPattern("\\d+ bytes are missing: tenant small may hold 50000 bytes");
            });
    assertThatThrownBy(
            () -> seal(SealHeader.newBuilder().setDocumentId(id).setExtendByMillis(5).build()))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT));
    // The other tenants have the rest of the node.
    append(create("large"), 0, 300);
  }

  // -- a client in few words
  // ---------------------------------------------------------------------------------------

  private String create(String tenant) {
    return blocking
        .createDocument(
            CreateDocumentRequest.newBuilder().setLayout(LAYOUT).setTenant(tenant).build())
        .getId();
  }

  private void append(String id, int start, int end) throws Exception {
    ByteString part = ByteString.copyFrom(new byte[(end - start) * 64 * 4]);
    CompletableFuture<AppendSpansResponse> answer = new CompletableFuture<>();
    StreamObserver<AppendSpansRequest> requests = streaming.appendSpans(single(answer));
    requests.onNext(
        AppendSpansRequest.newBuilder()
            .setDocumentId(id)
            .addSpans(
                Span.newBuilder()
                    .setStart(start)
                    .setEnd(end)
                    .setVectors(ByteString.copyFrom(new byte[64 * 4]))
                    .setKeys(part)
                    .setValues(part))
            .build());
    requests.onCompleted();
    await(answer);
  }

  private Document seal(SealHeader header) throws Exception {
    CompletableFuture<Document> answer = new CompletableFuture<>();
    StreamObserver<SealDocumentRequest> requests = streaming.sealDocument(single(answer));
    requests.onNext(SealDocumentRequest.newBuilder().setHeader(header).build());
    requests.onNext(
        SealDocumentRequest.newBuilder()
            .setTail(TailPart.newBuilder().setSection("ids").setData(ByteString.copyFromUtf8("x")))
            .build());
    requests.onCompleted();
    return await(answer);
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
}
