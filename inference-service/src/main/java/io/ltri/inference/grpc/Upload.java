package io.ltri.inference.grpc;

import io.grpc.Context;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.ltri.inference.access.Caller;
import io.ltri.inference.attention.PolicyName;
import io.ltri.inference.engine.Documents;
import io.ltri.inference.engine.NewText;
import io.ltri.inference.engine.ReceivedText;
import io.ltri.inference.engine.ReceivedTexts;
import io.ltri.proto.inference.v1.CreateDocumentHeader;
import io.ltri.proto.inference.v1.CreateDocumentRequest;
import io.ltri.proto.inference.v1.CreateDocumentResponse;
import io.ltri.proto.inference.v1.CreatedDocument;
import io.ltri.proto.inference.v1.ReadingProgress;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** One text on its way in. Reading starts when it is complete. */
final class Upload implements StreamObserver<CreateDocumentRequest> {
  private final Documents documents;
  private final ReceivedTexts texts;
  private final StreamObserver<CreateDocumentResponse> responses;
  private final Context call;
  private final Pace pace;
  private @Nullable CreateDocumentHeader header;
  private @Nullable ReceivedText text;
  private boolean ended;

  Upload(
      Documents documents,
      ReceivedTexts texts,
      StreamObserver<CreateDocumentResponse> responses,
      Context call,
      Duration patience) {
    this.pace = new Pace(patience);
    this.documents = documents;
    this.texts = texts;
    this.responses = responses;
    this.call = call;
  }

  @Override
  public void onNext(CreateDocumentRequest request) {
    if (ended) {
      return;
    }
    try {
      pace.came(request.getText().size());
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
    // Refused before anything of the text is stored.
    String unused = Caller.current().tenantFor(first.getTenant());
    int alsoUnused = NewText.requireReplicas(first.getReplicas());
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
      long start = System.nanoTime();
      Documents.ProgressListener listener =
          progress ->
              responses.onNext(
                  CreateDocumentResponse.newBuilder()
                      .setProgress(
                          ReadingProgress.newBuilder()
                              .setTokens(progress.tokens())
                              .setTextBytes(progress.textBytes())
                              .setTotalTextBytes(progress.totalTextBytes())
                              .setElapsedMillis((System.nanoTime() - start) / 1_000_000))
                      .build());
      Documents.Created created = create(received, first, listener);
      responses.onNext(
          CreateDocumentResponse.newBuilder()
              .setCreated(
                  CreatedDocument.newBuilder()
                      .setDocument(DocumentMessages.message(created.document()))
                      .setRead(created.read())
                      .setReusedTokens(created.reusedTokens())
                      .setElapsedMillis((System.nanoTime() - start) / 1_000_000))
              .build());
      ended = true;
      received.close();
      responses.onCompleted();
    } catch (RuntimeException e) {
      fail(e);
    }
  }

  private Documents.Created create(
      ReceivedText received, CreateDocumentHeader first, Documents.ProgressListener listener) {
    if (!first.getRebuild().isEmpty()) {
      if (received.sizeBytes() > 0) {
        throw Status.INVALID_ARGUMENT
            .withDescription("a text that is read again is the kept one: send none")
            .asRuntimeException();
      }
      return documents.rebuild(first.getRebuild(), texts, listener, call::isCancelled);
    }
    received.end();
    if (!first.getContinues().isEmpty()
        && (!first.getSystem().isEmpty() || !first.getPolicy().isEmpty())) {
      throw Status.INVALID_ARGUMENT
          .withDescription(
              "a text that continues a document has that document's system message and policy: send none")
          .asRuntimeException();
    }
    return documents.create(
        new NewText(
            received,
            NewText.NO_PAGES,
            first.getTitle(),
            first.getSystem(),
            first.getPolicy().isEmpty() ? null : PolicyName.of(first.getPolicy()),
            first.getFresh(),
            first.getContinues().isEmpty() ? null : first.getContinues(),
            !first.getForgetText(),
            Caller.current().tenantFor(first.getTenant()),
            Duration.ofMillis(first.getExpireAfterMillis()),
            first.getExtendWithUse(),
            first.getReplicas()),
        listener,
        call::isCancelled);
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
