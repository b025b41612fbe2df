package io.ltri.testing;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.stub.MetadataUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A call of any method, with any messages, by anybody. */
final class RawCall {

  private static final MethodDescriptor.Marshaller<byte[]> BYTES =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
          return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
          try {
            return stream.readAllBytes();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }
      };

  /** How it ended. */
  record Outcome(Status status, List<byte[]> messages, Metadata headers) {

    Status.Code code() {
      return status.getCode();
    }

    /** Whether an answer holds this text. */
    boolean tells(String text) {
      return messages.stream()
          .anyMatch(bytes -> new String(bytes, StandardCharsets.ISO_8859_1).contains(text));
    }
  }

  private RawCall() {}

  /**
   * @param token null: none is sent
   */
  static Outcome make(
      Channel channel, MethodDescriptor<?, ?> method, String token, List<byte[]> messages) {
    Metadata headers = new Metadata();
    if (token != null) {
      headers.put(
          Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
    }
    return make(
        ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(headers)),
        method,
        messages);
  }

  static Outcome make(Channel channel, MethodDescriptor<?, ?> method, List<byte[]> messages) {
    ClientCall<byte[], byte[]> call =
        channel.newCall(
            MethodDescriptor.newBuilder(BYTES, BYTES)
                .setFullMethodName(method.getFullMethodName())
                .setType(method.getType())
                .build(),
            CallOptions.DEFAULT.withDeadlineAfter(60, TimeUnit.SECONDS));
    CompletableFuture<Outcome> ended = new CompletableFuture<>();
    List<byte[]> answers = new ArrayList<>();
    boolean endless = method.getFullMethodName().endsWith("Health/Watch");
    Metadata received = new Metadata();
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onHeaders(Metadata headers) {
            received.merge(headers);
          }

          @Override
          public void onMessage(byte[] message) {
            answers.add(message);
            if (endless) {
              ended.complete(new Outcome(Status.OK, answers, received));
              call.cancel("seen enough", null);
            }
          }

          @Override
          public void onClose(Status status, Metadata trailers) {
            received.merge(trailers);
            ended.complete(new Outcome(status, answers, received));
          }
        },
        new Metadata());
    call.request(Integer.MAX_VALUE);
    for (byte[] message : messages) {
      call.sendMessage(message);
    }
    call.halfClose();
    return ended.join();
  }
}
