package io.ltri.inference.grpc;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.ltri.proto.inference.v1.ExportDocumentResponse;
import java.io.OutputStream;
import java.util.concurrent.locks.LockSupport;

/** Bytes as the messages of an answer, no faster than they are taken. */
final class Parts extends OutputStream {
  private static final long PAUSE_NANOS = 1_000_000;

  private final ServerCallStreamObserver<ExportDocumentResponse> responses;

  Parts(StreamObserver<ExportDocumentResponse> responses) {
    this.responses = (ServerCallStreamObserver<ExportDocumentResponse>) responses;
  }

  @Override
  public void write(int b) {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) {
    while (!responses.isReady()) {
      if (responses.isCancelled()) {
        throw Status.CANCELLED.withDescription("nobody reads the export").asRuntimeException();
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
    responses.onNext(
        ExportDocumentResponse.newBuilder()
            .setData(ByteString.copyFrom(bytes, offset, length))
            .build());
  }
}
