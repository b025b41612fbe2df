package io.ltri.inference.grpc;

import io.grpc.Context;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.ltri.inference.attention.PolicyName;
import io.ltri.inference.engine.DocumentAttributes;
import io.ltri.inference.engine.Documents;
import io.ltri.inference.engine.ReceivedText;
import io.ltri.inference.engine.ReceivedTexts;
import io.ltri.inference.retrieval.IndexedDocument;
import io.ltri.proto.inference.v1.CreateDocumentHeader;
import io.ltri.proto.inference.v1.CreateDocumentRequest;
import io.ltri.proto.inference.v1.CreateDocumentResponse;
import io.ltri.proto.inference.v1.CreatedDocument;
import io.ltri.proto.inference.v1.DeleteDocumentRequest;
import io.ltri.proto.inference.v1.DeleteDocumentResponse;
import io.ltri.proto.inference.v1.Document;
import io.ltri.proto.inference.v1.DocumentsGrpc;
import io.ltri.proto.inference.v1.GetDocumentRequest;
import io.ltri.proto.inference.v1.ListDocumentsRequest;
import io.ltri.proto.inference.v1.ListDocumentsResponse;
import io.ltri.proto.inference.v1.ReadingProgress;
import java.nio.ByteBuffer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.grpc.server.service.GrpcService;

/** Documents over gRPC. */
@GrpcService
class DocumentsService extends DocumentsGrpc.DocumentsImplBase {
  private final Documents documents;
  private final ReceivedTexts texts;

  DocumentsService(Documents documents, ReceivedTexts texts) {
    this.documents = documents;
    this.texts = texts;
  }

  @Override
  public StreamObserver<CreateDocumentRequest> createDocument(
      StreamObserver<CreateDocumentResponse> responses) {
    return new Upload(responses, Context.current());
  }

  /** One text on its way in. Reading starts when it is complete. */
  private final class Upload implements StreamObserver<CreateDocumentRequest> {
    private final StreamObserver<CreateDocumentResponse> responses;
    private final Context call;
    private @Nullable CreateDocumentHeader header;
    private @Nullable ReceivedText text;
    private boolean ended;

    Upload(StreamObserver<CreateDocumentResponse> responses, Context call) {
      this.responses = responses;
      this.call = call;
    }

    @Override
    public void onNext(CreateDocumentRequest request) {
      if (ended) {
        return;
      }
      try {
        switch (request.getPartCase()) {
          case HEADER -> begin(request.getHeader());
          case TEXT -> {
            ReceivedText receiving = text;
            if (receiving == null) {
              throw Status.INVALID_ARGUMENT
                  .withDescription("the first message must be the header")
                  .asRuntimeException();
            }
            for (ByteBuffer piece : request.getText().asReadOnlyByteBufferList()) {
              receiving.write(piece);
            }
          }
          case PART_NOT_SET ->
              throw Status.INVALID_ARGUMENT
                  .withDescription("a message holds neither header nor text")
                  .asRuntimeException();
        }
      } catch (RuntimeException e) {
        fail(e);
      }
    }

    private void begin(CreateDocumentHeader first) {
      if (header != null) {
        throw Status.INVALID_ARGUMENT.withDescription("the header came twice").asRuntimeException();
      }
      header = first;
      text = texts.begin();
    }

    @Override
    public void onCompleted() {
      if (ended) {
        return;
      }
      ReceivedText received = text;
      CreateDocumentHeader first = header;
      try {
        if (received == null || first == null) {
          throw Status.INVALID_ARGUMENT.withDescription("no header came").asRuntimeException();
        }
        received.end();
        long start = System.nanoTime();
        Documents.Created created =
            documents.create(
                received,
                first.getTitle(),
                first.getSystem(),
                first.getPolicy().isEmpty() ? null : PolicyName.of(first.getPolicy()),
                first.getFresh(),
                progress ->
                    responses.onNext(
                        CreateDocumentResponse.newBuilder()
                            .setProgress(
                                ReadingProgress.newBuilder()
                                    .setTokens(progress.tokens())
                                    .setTextBytes(progress.textBytes())
                                    .setTotalTextBytes(progress.totalTextBytes())
                                    .setElapsedMillis((System.nanoTime() - start) / 1_000_000))
                            .build()),
                call::isCancelled);
        responses.onNext(
            CreateDocumentResponse.newBuilder()
                .setCreated(
                    CreatedDocument.newBuilder()
                        .setDocument(message(created.document()))
                        .setRead(created.read())
                        .setElapsedMillis((System.nanoTime() - start) / 1_000_000))
                .build());
        ended = true;
        received.close();
        responses.onCompleted();
      } catch (RuntimeException e) {
        fail(e);
      }
    }

    @Override
    public void onError(Throwable error) {
      ended = true;
      drop();
    }

    private void fail(RuntimeException e) {
      ended = true;
      drop();
      responses.onError(Statuses.of(e));
    }

    private void drop() {
      ReceivedText received = text;
      text = null;
      if (received != null) {
        received.close();
      }
    }
  }

  @Override
  public void getDocument(GetDocumentRequest request, StreamObserver<Document> response) {
    answer(response, () -> message(documents.get(request.getId())));
  }

  @Override
  public void listDocuments(
      ListDocumentsRequest request, StreamObserver<ListDocumentsResponse> response) {
    answer(
        response,
        () ->
            ListDocumentsResponse.newBuilder()
                .addAllDocuments(documents.list().stream().map(DocumentsService::message).toList())
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

  private static Document message(IndexedDocument document) {
    DocumentAttributes attributes = DocumentAttributes.of(document);
    return Document.newBuilder()
        .setId(document.id())
        .setTitle(attributes.title())
        .setTokens(attributes.tokens())
        .setTextBytes(attributes.textBytes())
        .setSizeBytes(document.sizeBytes())
        .setSpans(document.spans())
        .setCreatedAtMillis(document.createdAtMillis())
        .setDigest(attributes.digest())
        .putAllIdentity(attributes.identity())
        .setReadWith(attributes.readWith())
        .setSearchMode(document.searchMode())
        .build();
  }
}
