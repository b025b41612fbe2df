package io.ltri.inference.access;

import io.grpc.ForwardingServerCall;
import io.grpc.ForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;

/** Holds calls to the {@link TenantLimits}; those that need no credential are not counted. */
public final class LimitsInterceptor implements ServerInterceptor {

  /** Seconds, as over HTTP. */
  private static final Metadata.Key<String> RETRY_AFTER =
      Metadata.Key.of("retry-after", Metadata.ASCII_STRING_MARSHALLER);

  /** Milliseconds that gRPC's clients wait by themselves, where they are told to try again. */
  private static final Metadata.Key<String> PUSHBACK =
      Metadata.Key.of("grpc-retry-pushback-ms", Metadata.ASCII_STRING_MARSHALLER);

  private final TenantLimits limits;

  public LimitsInterceptor(TenantLimits limits) {
    this.limits = limits;
  }

  @Override
  public <R, M> ServerCall.Listener<R> interceptCall(
      ServerCall<R, M> call, Metadata headers, ServerCallHandler<R, M> next) {
    Caller caller = Caller.KEY.get();
    if (caller == null || caller.scopes().isEmpty()) {
      return next.startCall(call, headers);
    }
    TenantLimits.Permit permit;
    try {
      permit = limits.take(caller);
    } catch (AccessException e) {
      Metadata wait = new Metadata();
      wait.put(RETRY_AFTER, "1");
      wait.put(PUSHBACK, "1000");
      call.close(Status.RESOURCE_EXHAUSTED.withDescription(e.getMessage()), wait);
      return new ServerCall.Listener<>() {};
    }
    ServerCall<R, M> closing =
        new ForwardingServerCall.SimpleForwardingServerCall<>(call) {
          @Override
          public void close(Status status, Metadata trailers) {
            permit.close();
            super.close(status, trailers);
          }
        };
    ServerCall.Listener<R> listener;
    try {
      listener = next.startCall(closing, headers);
    } catch (RuntimeException | Error e) {
      permit.close();
      throw e;
    }
    return new ForwardingServerCallListener.SimpleForwardingServerCallListener<>(listener) {
      @Override
      public void onCancel() {
        permit.close();
        super.onCancel();
      }

      @Override
      public void onComplete() {
        permit.close();
        super.onComplete();
      }
    };
  }
}
