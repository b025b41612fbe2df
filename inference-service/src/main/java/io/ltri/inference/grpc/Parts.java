package io.ltri.inference.grpc;

import com.google.protobuf.ByteString;
import io.ltri.proto.inference.v1.ExportDocumentResponse;
import java.io.OutputStream;

/** Bytes as the messages of an answer. */
final class Parts extends OutputStream {
  private final Paced<ExportDocumentResponse> responses;

  Parts(Paced<ExportDocumentResponse> responses) {
    this.responses = responses;
  }

  @Override
  public void write(int b) {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) {
    responses.send(
        ExportDocumentResponse.newBuilder()
            .setData(ByteString.copyFrom(bytes, offset, length))
            .build());
  }
}
