package io.ltri.index.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.ltri.index.search.SearchLimits;
import io.ltri.index.store.DocumentStore;
import io.ltri.index.store.SealedSample;
import io.ltri.index.store.SearchMode;
import io.ltri.proto.index.v1.Document;
import io.ltri.proto.index.v1.DocumentState;
import io.ltri.proto.index.v1.ExportDocumentRequest;
import io.ltri.proto.index.v1.FetchBlocksRequest;
import io.ltri.proto.index.v1.GetDocumentRequest;
import io.ltri.proto.index.v1.GetNodeRequest;
import io.ltri.proto.index.v1.ImportDocumentRequest;
import io.ltri.proto.index.v1.ImportHeader;
import io.ltri.proto.index.v1.ListDocumentsRequest;
import io.ltri.proto.index.v1.PrewarmDocumentRequest;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import io.ltri.proto.index.v1.VerifyDocumentRequest;
import io.ltri.proto.index.v1.VerifyDocumentResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Verification, prewarming, export and import as a client sees them. */
@SuppressWarnings("NullAway.Init") // opened before each test
class FileCallsTest {

  @TempDir Path folder;

  private final SealedSample sample = new SealedSample(3);
  private InProcessIndex index;
  private DocumentStore store;
  private ManagedChannel channel;
  private SpanIndexGrpc.SpanIndexBlockingStub blocking;

  @BeforeEach
  void start() throws Exception {
    index = new InProcessIndex(SealedSample.settings(folder), 1, new SearchLimits(64, 1 << 12));
    store = index.store;
    channel = index.channel;
    blocking = index.blocking;
  }

  @AfterEach
  void stop() throws Exception {
    index.close();
  }

  @Test
  void soundDocumentVerifiesAndCanBePrewarmed() {
    String id = sample.seal(store, SearchMode.SCAN);
    VerifyDocumentResponse last = verify(id).getLast();
    assertThat(last.getDone()).isTrue();
    assertThat(last.getFaultsList()).isEmpty();
    assertThat(last.getReadBytes()).isEqualTo(last.getTotalBytes()).isPositive();
    assertThat(last.getTotalBytes()).isEqualTo(get(id).getSizeBytes());
    long most = prewarm(id, true);
    assertThat(prewarm(id, false)).isPositive().isLessThan(most);
  }

  @Test
  void damagedBlockIsNamedMarkedAndRefusedWhileItsNeighboursAreServed() throws IOException {
    String id = sample.seal(store, SearchMode.SCAN);
    damage(id, "blocks-0000-0001");
    assertThat(verify(id).getLast().getFaultsList())
        .hasSize(2)
        .first()
        .asString()
        .contains("blocks-0000-0001", "layer 0, span 0,", "keys");
    Document document = get(id);
    assertThat(document.getState()).isEqualTo(DocumentState.DOCUMENT_STATE_DAMAGED);
    assertThat(document.getFaultsList()).hasSize(2);
    assertThat(blocking.getNode(GetNodeRequest.getDefaultInstance()).getDamagedDocuments())
        .isEqualTo(1);
    assertThat(fetch(id, 1)).isEqualTo(1);
    assertThatThrownBy(() -> fetch(id, 0))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.DATA_LOSS);
              assertThat(e.getStatus().getDescription()).contains(id, "layer 0, span 0,");
            });
  }

  @Test
  void documentWithoutItsManifestIsListedWhenDamagedOnesAreAskedFor() throws Exception {
    String id = sample.seal(store, SearchMode.SCAN);
    damage(id, "manifest.json");
    store.close();
    stop();
    start();
    ListDocumentsRequest.Builder request = ListDocumentsRequest.newBuilder();
    assertThat(blocking.listDocuments(request.build()).getDocumentsList()).isEmpty();
    List<Document> damaged =
        blocking.listDocuments(request.setIncludeDamaged(true).build()).getDocumentsList();
    assertThat(damaged).hasSize(1);
    assertThat(damaged.getFirst().getId()).isEqualTo(id);
    assertThat(damaged.getFirst().getState()).isEqualTo(DocumentState.DOCUMENT_STATE_DAMAGED);
    assertThat(damaged.getFirst().getFaults(0)).contains("manifest.json");
    assertThat(damaged.getFirst().getSizeBytes()).isGreaterThan(10_000);
    assertThat(verify(id).getLast().getFaultsList()).hasSize(1);
  }

  @Test
  void exportedDocumentIsImportedUnderANewId() throws Exception {
    String id = sample.seal(store, SearchMode.GRAPH);
    List<ByteString> file = new ArrayList<>();
    blocking
        .exportDocument(ExportDocumentRequest.newBuilder().setId(id).build())
        .forEachRemaining(part -> file.add(part.getData()));
    Document imported = take(file);
    assertThat(imported.getId()).isNotEqualTo(id);
    assertThat(imported.getState()).isEqualTo(DocumentState.DOCUMENT_STATE_READY);
    sample.assertWhole(store, imported.getId());

    assertThatThrownBy(() -> take(file.subList(0, file.size() - 2)))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.DATA_LOSS));
    assertThatThrownBy(() -> take(List.of(ByteString.copyFrom(new byte[] {1, 2, 3}, 0, 3))))
        .isInstanceOf(StatusRuntimeException.class);
    assertThat(store.list(true)).hasSize(2);
  }

  private Document take(List<ByteString> file) throws Exception {
    CompletableFuture<Document> answer = new CompletableFuture<>();
    StreamObserver<ImportDocumentRequest> requests =
        SpanIndexGrpc.newStub(channel)
            .importDocument(
                new StreamObserver<>() {
                  @Override
                  public void onNext(Document document) {
                    answer.complete(document);
                  }

                  @Override
                  public void onError(Throwable problem) {
                    answer.completeExceptionally(problem);
                  }

                  @Override
                  public void onCompleted() {}
                });
    requests.onNext(
        ImportDocumentRequest.newBuilder().setHeader(ImportHeader.getDefaultInstance()).build());
    for (ByteString part : file) {
      requests.onNext(ImportDocumentRequest.newBuilder().setData(part).build());
    }
    requests.onCompleted();
    try {
      return answer.get(30, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw (Exception) e.getCause();
    }
  }

  private void damage(String id, String file) throws IOException {
    Path path = folder.resolve("documents").resolve(id).resolve(file);
    byte[] bytes = Files.readAllBytes(path);
    bytes[70] ^= 1;
    Files.write(path, bytes);
  }

  private List<VerifyDocumentResponse> verify(String id) {
    List<VerifyDocumentResponse> answers = new ArrayList<>();
    blocking
        .verifyDocument(VerifyDocumentRequest.newBuilder().setId(id).build())
        .forEachRemaining(answers::add);
    return answers;
  }

  private Document get(String id) {
    return blocking.getDocument(GetDocumentRequest.newBuilder().setId(id).build());
  }

  private long prewarm(String id, boolean blocks) {
    return blocking
        .prewarmDocument(PrewarmDocumentRequest.newBuilder().setId(id).setBlocks(blocks).build())
        .getBytes();
  }

  private int fetch(String id, int span) {
    int[] count = {0};
    blocking
        .fetchBlocks(
            FetchBlocksRequest.newBuilder().setDocumentId(id).setLayer(0).addSpans(span).build())
        .forEachRemaining(block -> count[0]++);
    return count[0];
  }
}
