package io.ltri.edge.access;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;

/** Sends a token with every call. */
public final class BearerToken implements ClientInterceptor {

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final Supplier<String> token;

  private BearerToken(Supplier<String> token) {
    this.token = token;
  }

  /**
   * @throws IllegalArgumentException if it could not be sent in a header
   */
  public static BearerToken of(String token) {
    String sent = sendable(token);
    return new BearerToken(() -> sent);
  }

  /**
   * The first line of a file, read for every call, so that it can be replaced.
   *
   * @throws IllegalArgumentException if it cannot be read now
   */
  public static BearerToken in(Path file) {
    BearerToken token = new BearerToken(() -> read(file));
    String unused = token.token.get();
    return token;
  }

  private static String read(Path file) {
    try {
      return sendable(Files.readString(file).lines().findFirst().orElse(""));
    } catch (IOException e) {
      throw new IllegalArgumentException("the token in " + file + " cannot be read: " + e, e);
    }
  }

  private static String sendable(String token) {
    String stripped = token.strip();
    if (stripped.isEmpty() || stripped.chars().anyMatch(c -> c <= ' ' || c > '~')) {
      throw new IllegalArgumentException(
          "a token is printable ASCII without spaces, and not empty");
    }
    return stripped;
  }

  @Override
  public <R, M> ClientCall<R, M> interceptCall(
      MethodDescriptor<R, M> method, CallOptions options, Channel next) {
    return new ForwardingClientCall.SimpleForwardingClientCall<>(next.newCall(method, options)) {
      @Override
      public void start(Listener<M> listener, Metadata headers) {
        String sent;
        try {
          sent = token.get();
        } catch (IllegalArgumentException e) {
          throw Status.UNAUTHENTICATED.withDescription(e.getMessage()).asRuntimeException();
        }
        headers.put(AUTHORIZATION, "Bearer " + sent);
        super.start(listener, headers);
      }
    };
  }

  @Override
  public String toString() {
    return "BearerToken";
  }
}
