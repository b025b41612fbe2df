package io.ltri.inference.retrieval;

import com.google.protobuf.ByteString;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.BlockingClientCall;
import io.ltri.proto.index.v1.CollectGarbageRequest;
import io.ltri.proto.index.v1.CollectGarbageResponse;
import io.ltri.proto.index.v1.DeleteDocumentRequest;
import io.ltri.proto.index.v1.Document;
import io.ltri.proto.index.v1.ExportDocumentRequest;
import io.ltri.proto.index.v1.ExportDocumentResponse;
import io.ltri.proto.index.v1.ImportDocumentRequest;
import io.ltri.proto.index.v1.ImportHeader;
import io.ltri.proto.index.v1.ListDeletedRequest;
import io.ltri.proto.index.v1.ListDocumentsRequest;
import io.ltri.proto.index.v1.PrewarmDocumentRequest;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import io.ltri.proto.index.v1.UpdateDocumentRequest;
import io.ltri.proto.index.v1.VerifyDocumentRequest;
import io.ltri.proto.index.v1.VerifyDocumentResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** {@link IndexAdministration} over gRPC. */
final class GrpcIndexAdministration implements IndexAdministration {

  private static final Duration CALL_DEADLINE = Duration.ofSeconds(30);

  /** For calls that read or write a whole document. */
  private static final Duration WHOLE_DOCUMENT_DEADLINE = Duration.ofMinutes(60);

  private static final int MESSAGE_BYTES = 1 << 20;

  private final SpanIndexGrpc.SpanIndexBlockingStub calls;
  private final SpanIndexGrpc.SpanIndexBlockingV2Stub streams;

  GrpcIndexAdministration(Channel channel) {
    this.calls = SpanIndexGrpc.newBlockingStub(channel).withMaxInboundMessageSize(64 << 20);
    this.streams = SpanIndexGrpc.newBlockingV2Stub(channel).withMaxInboundMessageSize(64 << 20);
  }

  @Override
  public IndexedDocument update(String documentId, Change change) {
    UpdateDocumentRequest.Builder request =
        UpdateDocumentRequest.newBuilder()
            .setId(documentId)
            .putAllSetLabels(change.setLabels())
            .addAllRemoveLabels(change.removeLabels());
    if (change.expireAfter() != null) {
      request.setExpiresAtMillis(
          change.expireAfter().isZero()
              ? 0
              : System.currentTimeMillis() + change.expireAfter().toMillis());
    }
    if (change.extendBy() != null) {
      request.setExtendByMillis(change.extendBy().toMillis());
    }
    if (change.pinned() != null) {
      request.setPinned(change.pinned());
    }
    return GrpcSpanIndex.document(
        answer(() -> within(CALL_DEADLINE).updateDocument(request.build())));
  }

  @Override
  public long deleteReplaced(String documentId) {
    DeleteDocumentRequest request =
        DeleteDocumentRequest.newBuilder().setId(documentId).setReplaced(true).build();
    return answer(() -> within(CALL_DEADLINE).deleteDocument(request).getFreedBytes());
  }

  @Override
  public List<String> verify(String documentId, VerifyListener listener) {
    return answer(
        () -> {
          Iterator<VerifyDocumentResponse> responses =
              within(WHOLE_DOCUMENT_DEADLINE)
                  .verifyDocument(VerifyDocumentRequest.newBuilder().setId(documentId).build());
          while (responses.hasNext()) {
            VerifyDocumentResponse response = responses.next();
            listener.read(response.getReadBytes(), response.getTotalBytes());
            if (response.getDone()) {
              return List.copyOf(response.getFaultsList());
            }
          }
          throw new IndexException(
              IndexException.Reason.INTERNAL, "the index ended a verification without a result");
        });
  }

  @Override
  public long prewarm(String documentId, boolean blocks) {
    PrewarmDocumentRequest request =
        PrewarmDocumentRequest.newBuilder().setId(documentId).setBlocks(blocks).build();
    return answer(() -> within(WHOLE_DOCUMENT_DEADLINE).prewarmDocument(request).getBytes());
  }

  @Override
  public void export(String documentId, OutputStream to) {
    ExportDocumentRequest request = ExportDocumentRequest.newBuilder().setId(documentId).build();
    Boolean unused =
        answer(
            () -> {
              Iterator<ExportDocumentResponse> parts =
                  within(WHOLE_DOCUMENT_DEADLINE).exportDocument(request);
              while (parts.hasNext()) {
                try {
                  parts.next().getData().writeTo(to);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              }
              return true;
            });
  }

  @Override
  public IndexedDocument importFrom(InputStream from, String tenant) {
    try {
      BlockingClientCall<ImportDocumentRequest, Document> call =
          streams
              .withDeadlineAfter(WHOLE_DOCUMENT_DEADLINE.toMillis(), TimeUnit.MILLISECONDS)
              .importDocument();
      boolean open =
          call.write(
              ImportDocumentRequest.newBuilder()
                  .setHeader(ImportHeader.newBuilder().setTenant(tenant))
                  .build());
      byte[] buffer = new byte[MESSAGE_BYTES];
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
      Document imported = call.read();
      if (imported == null) {
        throw new IndexException(
            IndexException.Reason.INTERNAL, "the index closed the import without an answer");
      }
      return GrpcSpanIndex.document(imported);
    } catch (StatusException e) {
      throw callerFailure(e.getStatus(), e);
    } catch (StatusRuntimeException e) {
      throw callerFailure(e.getStatus(), e);
    } catch (InterruptedException e) {
      throw GrpcSpanIndex.interrupted(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public Garbage collectGarbage() {
    CollectGarbageResponse response =
        answer(
            () ->
                within(WHOLE_DOCUMENT_DEADLINE)
                    .collectGarbage(CollectGarbageRequest.getDefaultInstance()));
    return new Garbage(
        response.getExpiredDocuments(),
        response.getAbandonedBuilds(),
        response.getOrphanFiles(),
        response.getFreedBytes());
  }

  @Override
  public List<Deleted> deleted(int most) {
    ListDeletedRequest request = ListDeletedRequest.newBuilder().setMost(most).build();
    return answer(() -> within(CALL_DEADLINE).listDeleted(request)).getDocumentsList().stream()
        .map(
            record ->
                new Deleted(
                    record.getId(),
                    record.getTenant(),
                    record.getDeletedAtMillis(),
                    record.getFreedBytes(),
                    record.getReason()))
        .toList();
  }

  @Override
  public List<IndexedDocument> listAll() {
    ListDocumentsRequest request =
        ListDocumentsRequest.newBuilder().setIncludeDamaged(true).build();
    return answer(() -> within(CALL_DEADLINE).listDocuments(request)).getDocumentsList().stream()
        .map(GrpcSpanIndex::document)
        .toList();
  }

  private SpanIndexGrpc.SpanIndexBlockingStub within(Duration deadline) {
    return calls.withDeadlineAfter(deadline.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static <T> T answer(Supplier<T> call) {
    try {
      return call.get();
    } catch (StatusRuntimeException e) {
      throw callerFailure(e.getStatus(), e);
    }
  }

  /** What the index finds wrong with the caller's file or value is no defect. */
  private static IndexException callerFailure(Status status, Exception cause) {
    return status.getCode() == Status.Code.INVALID_ARGUMENT
        ? new IndexException(
            IndexException.Reason.REFUSED, String.valueOf(status.getDescription()), cause)
        : GrpcSpanIndex.failure(status, cause);
  }
}
