package io.ltri.index.grpc;

import com.google.protobuf.ByteString;
import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.ltri.index.store.DocumentExport;
import io.ltri.index.store.DocumentImport;
import io.ltri.index.store.DocumentStore;
import io.ltri.index.store.DocumentSummary;
import io.ltri.index.store.InvalidInputException;
import io.ltri.proto.index.v1.Document;
import io.ltri.proto.index.v1.ExportDocumentRequest;
import io.ltri.proto.index.v1.ExportDocumentResponse;
import io.ltri.proto.index.v1.ImportDocumentRequest;
import io.ltri.proto.index.v1.PrewarmDocumentRequest;
import io.ltri.proto.index.v1.PrewarmDocumentResponse;
import io.ltri.proto.index.v1.VerifyDocumentRequest;
import io.ltri.proto.index.v1.VerifyDocumentResponse;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/** The calls that read or write all files of a document. */
final class FileCalls {

  /** Bytes between two messages of progress. */
  private static final long PROGRESS_BYTES = 16L << 20;

  private final DocumentStore store;

  FileCalls(DocumentStore store) {
    this.store = store;
  }

  /** Progress is only sent to a reader who takes it; the last message always is. */
  void verify(
      VerifyDocumentRequest request, ServerCallStreamObserver<VerifyDocumentResponse> observer) {
    Context call = Context.current();
    long[] at = {-PROGRESS_BYTES, 0, 0};
    try {
      List<String> faults =
          store.verify(
              request.getId(),
              (read, total) -> {
                if (call.isCancelled()) {
                  throw new CancellationException();
                }
                at[1] = read;
                at[2] = total;
                if (read - at[0] >= PROGRESS_BYTES && observer.isReady()) {
                  at[0] = read;
                  observer.onNext(progress(read, total).build());
                }
              });
      observer.onNext(progress(at[1], at[2]).addAllFaults(faults).setDone(true).build());
      observer.onCompleted();
    } catch (CancellationException e) {
      // Nobody waits for the rest.
    } catch (RuntimeException | Error e) {
      if (!call.isCancelled()) {
        observer.onError(Statuses.toSend("VerifyDocument", e));
      }
    }
  }

  private static VerifyDocumentResponse.Builder progress(long read, long total) {
    return VerifyDocumentResponse.newBuilder().setReadBytes(read).setTotalBytes(total);
  }

  void prewarm(PrewarmDocumentRequest request, StreamObserver<PrewarmDocumentResponse> observer) {
    SpanIndexService.answer(
        "PrewarmDocument",
        observer,
        () ->
            PrewarmDocumentResponse.newBuilder()
                .setBytes(store.prewarm(request.getId(), request.getBlocks()))
                .build());
  }

  void export(
      ExportDocumentRequest request, ServerCallStreamObserver<ExportDocumentResponse> observer) {
    DocumentExport export;
    try {
      export = store.export(request.getId());
    } catch (RuntimeException | Error e) {
      observer.onError(Statuses.toSend("ExportDocument", e));
      return;
    }
    PacedAnswer.send(
        "ExportDocument",
        observer,
        () -> {
          ByteBuffer data = export.next();
          return data == null
              ? null
              : ExportDocumentResponse.newBuilder().setData(ByteString.copyFrom(data)).build();
        },
        export);
  }

  StreamObserver<ImportDocumentRequest> importDocument(StreamObserver<Document> observer) {
    return new SpanIndexService.Intake<ImportDocumentRequest, Document>(
        "ImportDocument", observer) {
      private @Nullable DocumentImport session;

      @Override
      void take(ImportDocumentRequest request) {
        switch (request.getPartCase()) {
          case HEADER -> {
            if (session != null) {
              throw new InvalidInputException("an import has one header, at its beginning");
            }
            session = store.beginImport(request.getHeader().getTenant());
          }
          case DATA -> begun().take(request.getData().asReadOnlyByteBuffer());
          case PART_NOT_SET -> throw new InvalidInputException("an empty message in an import");
        }
      }

      private DocumentImport begun() {
        if (session == null) {
          throw new InvalidInputException("an import begins with its header");
        }
        return session;
      }

      @Override
      Document finish() {
        DocumentSummary imported = begun().finish();
        return Messages.document(imported, store.ancestors(imported.id()));
      }

      @Override
      void end() {
        if (session != null) {
          session.close();
        }
      }
    };
  }
}
