package io.ltri.inference.grpc;

import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import io.ltri.inference.engine.DocumentChange;
import io.ltri.inference.engine.Documents;
import io.ltri.inference.engine.ReceivedTexts;
import io.ltri.inference.retrieval.IndexAdministration;
import io.ltri.proto.inference.v1.CollectGarbageRequest;
import io.ltri.proto.inference.v1.CollectGarbageResponse;
import io.ltri.proto.inference.v1.CreateDocumentRequest;
import io.ltri.proto.inference.v1.CreateDocumentResponse;
import io.ltri.proto.inference.v1.DeleteDocumentRequest;
import io.ltri.proto.inference.v1.DeleteDocumentResponse;
import io.ltri.proto.inference.v1.DeletedDocument;
import io.ltri.proto.inference.v1.Document;
import io.ltri.proto.inference.v1.DocumentsGrpc;
import io.ltri.proto.inference.v1.ExportDocumentRequest;
import io.ltri.proto.inference.v1.ExportDocumentResponse;
import io.ltri.proto.inference.v1.GetDocumentRequest;
import io.ltri.proto.inference.v1.ImportDocumentRequest;
import io.ltri.proto.inference.v1.ListDeletedRequest;
import io.ltri.proto.inference.v1.ListDeletedResponse;
import io.ltri.proto.inference.v1.ListDocumentsRequest;
import io.ltri.proto.inference.v1.ListDocumentsResponse;
import io.ltri.proto.inference.v1.PrewarmDocumentRequest;
import io.ltri.proto.inference.v1.PrewarmDocumentResponse;
import io.ltri.proto.inference.v1.UpdateDocumentRequest;
import io.ltri.proto.inference.v1.VerifyDocumentRequest;
import io.ltri.proto.inference.v1.VerifyDocumentResponse;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.springframework.grpc.server.service.GrpcService;

/** Documents over gRPC. */
@GrpcService
class DocumentsService extends DocumentsGrpc.DocumentsImplBase {
  private final Documents documents;
  private final ReceivedTexts texts;
  private final ServerFacts facts;

  DocumentsService(Documents documents, ReceivedTexts texts, ServerFacts facts) {
    this.documents = documents;
    this.texts = texts;
    this.facts = facts;
  }

  @Override
  public StreamObserver<CreateDocumentRequest> createDocument(
      StreamObserver<CreateDocumentResponse> responses) {
    return new Upload(documents, texts, responses, Context.current(), facts.patience());
  }

  @Override
  public void getDocument(GetDocumentRequest request, StreamObserver<Document> response) {
    answer(response, () -> DocumentMessages.message(documents.get(request.getId())));
  }

  @Override
  public void listDocuments(
      ListDocumentsRequest request, StreamObserver<ListDocumentsResponse> response) {
    answer(
        response,
        () ->
            ListDocumentsResponse.newBuilder()
                .addAllDocuments(
                    (request.getAll() ? documents.listAll() : documents.list())
                        .stream().map(DocumentMessages::message).toList())
                .build());
  }

  @Override
  public void deleteDocument(
      DeleteDocumentRequest request, StreamObserver<DeleteDocumentResponse> response) {
    answer(
        response,
        () ->
            DeleteDocumentResponse.newBuilder()
                .setFreedBytes(documents.delete(request.getId()))
                .build());
  }

  static <T> void answer(StreamObserver<T> response, Supplier<T> call) {
    T message;
    try {
      message = call.get();
    } catch (RuntimeException e) {
      response.onError(Statuses.of(e));
      return;
    }
    response.onNext(message);
    response.onCompleted();
  }

  @Override
  public void updateDocument(UpdateDocumentRequest request, StreamObserver<Document> response) {
    answer(
        response,
        () ->
            DocumentMessages.message(
                documents.update(
                    request.getId(),
                    new DocumentChange(
                        request.hasTitle() ? request.getTitle() : null,
                        request.hasPinned() ? request.getPinned() : null,
                        request.hasExpireAfterMillis()
                            ? Duration.ofMillis(request.getExpireAfterMillis())
                            : null,
                        request.hasExtendWithUse() ? request.getExtendWithUse() : null,
                        Set.copyOf(request.getAddTagsList()),
                        Set.copyOf(request.getRemoveTagsList()),
                        request.getPromote()))));
  }

  @Override
  public void verifyDocument(
      VerifyDocumentRequest request, StreamObserver<VerifyDocumentResponse> response) {
    answer(
        response,
        () -> {
          VerifyDocumentResponse.Builder last = VerifyDocumentResponse.newBuilder();
          List<String> faults =
              documents.verify(
                  request.getId(),
                  (bytes, total) -> {
                    last.setReadBytes(bytes).setTotalBytes(total);
                    response.onNext(last.build());
                  });
          return last.addAllFaults(faults).setDone(true).build();
        });
  }

  @Override
  public void prewarmDocument(
      PrewarmDocumentRequest request, StreamObserver<PrewarmDocumentResponse> response) {
    answer(
        response,
        () ->
            PrewarmDocumentResponse.newBuilder()
                .setBytes(documents.prewarm(request.getId(), request.getBlocks()))
                .build());
  }

  @Override
  public void exportDocument(
      ExportDocumentRequest request, StreamObserver<ExportDocumentResponse> responses) {
    try {
      documents.export(request.getId(), new Parts(new Paced<>(responses, facts.patience())));
      responses.onCompleted();
    } catch (RuntimeException e) {
      responses.onError(Statuses.of(e));
    }
  }

  @Override
  public StreamObserver<ImportDocumentRequest> importDocument(StreamObserver<Document> response) {
    return new ImportUpload(documents, texts, response, facts.patience());
  }

  @Override
  public void collectGarbage(
      CollectGarbageRequest request, StreamObserver<CollectGarbageResponse> response) {
    answer(
        response,
        () -> {
          IndexAdministration.Garbage garbage = documents.collectGarbage();
          return CollectGarbageResponse.newBuilder()
              .setExpiredDocuments(garbage.expiredDocuments())
              .setAbandonedReadings(garbage.abandonedBuilds())
              .setOrphanFiles(garbage.orphanFiles())
              .setFreedBytes(garbage.freedBytes())
              .build();
        });
  }

  @Override
  public void listDeleted(
      ListDeletedRequest request, StreamObserver<ListDeletedResponse> response) {
    answer(
        response,
        () -> {
          ListDeletedResponse.Builder list = ListDeletedResponse.newBuilder();
          for (IndexAdministration.Deleted deleted : documents.deleted(request.getMost())) {
            list.addDocuments(
                DeletedDocument.newBuilder()
                    .setId(deleted.id())
                    .setTenant(deleted.tenant())
                    .setDeletedAtMillis(deleted.deletedAtMillis())
                    .setFreedBytes(deleted.freedBytes())
                    .setReason(deleted.reason()));
          }
          return list.build();
        });
  }
}
