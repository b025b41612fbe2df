package io.ltri.inference.grpc;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.ltri.inference.access.Caller;
import io.ltri.inference.engine.Documents;
import io.ltri.inference.engine.ReceivedFile;
import io.ltri.inference.engine.ReceivedTexts;
import io.ltri.proto.inference.v1.Document;
import io.ltri.proto.inference.v1.ImportDocumentRequest;
import io.ltri.proto.inference.v1.ImportHeader;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** An exported document on its way in; it goes to the index when it is complete. */
final class ImportUpload implements StreamObserver<ImportDocumentRequest> {
  private final Documents documents;
  private final ReceivedTexts folder;
  private final StreamObserver<Document> response;
  private final Pace pace;
  private @Nullable ImportHeader header;
  private @Nullable ReceivedFile file;
  private boolean ended;

  ImportUpload(
      Documents documents,
      ReceivedTexts folder,
      StreamObserver<Document> response,
      Duration patience) {
    this.pace = new Pace(patience);
    this.documents = documents;
    this.folder = folder;
    this.response = response;
  }

  @Override
  public void onNext(ImportDocumentRequest request) {
    if (ended) {
      return;
    }
    try {
      pace.came(request.getData().size());
      switch (request.getPartCase()) {
        case HEADER -> {
          if (header != null) {
            throw bad("the header came twice");
          }
          String unused = Caller.current().tenantFor(request.getHeader().getTenant());
          header = request.getHeader();
          file = folder.beginFile();
        }
        case DATA -> {
          if (file == null) {
            throw bad("the first message must be the header");
          }
          file.write(request.getData());
        }
        case PART_NOT_SET -> throw bad("a message holds neither header nor data");
      }
    } catch (RuntimeException e) {
      fail(e);
    }
  }

  @Override
  public void onCompleted() {
    if (ended) {
      return;
    }
    try {
      if (header == null || file == null) {
        throw bad("no header came");
      }
      Document message =
          DocumentMessages.message(
              documents.importFrom(file, Caller.current().tenantFor(header.getTenant())));
      ended = true;
      drop();
      response.onNext(message);
      response.onCompleted();
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
    response.onError(Statuses.of(e));
  }

  private void drop() {
    ReceivedFile received = file;
    file = null;
    if (received != null) {
      received.close();
    }
  }

  private static RuntimeException bad(String message) {
    return Status.INVALID_ARGUMENT.withDescription(message).asRuntimeException();
  }
}
