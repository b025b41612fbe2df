package io.ltri.edge.access;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.function.UnaryOperator;

/** Lets calls in as the {@link Gate} says, with the grant in the call's context. */
public final class GateInterceptor implements ServerInterceptor {

  /** What the caller was granted; present in every call that was let in. */
  public static final Context.Key<Grant> GRANT = Context.key("ltri-grant");

  static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final Gate gate;
  private final UnaryOperator<Context> more;

  /**
   * @param more puts further values into the context of a call, from its grant
   */
  public GateInterceptor(Gate gate, UnaryOperator<Context> more) {
    this.gate = gate;
    this.more = more;
  }

  @Override
  public <R, M> ServerCall.Listener<R> interceptCall(
      ServerCall<R, M> call, Metadata headers, ServerCallHandler<R, M> next) {
    String method = call.getMethodDescriptor().getFullMethodName();
    return switch (gate.decide(method, headers.get(AUTHORIZATION))) {
      case Gate.Decision.Allowed allowed -> {
        Context context = Context.current().withValue(GRANT, allowed.grant());
        yield Contexts.interceptCall(more.apply(context), call, headers, next);
      }
      case Gate.Decision.NoCredential no ->
          refuse(call, Status.UNAUTHENTICATED.withDescription(no.message()));
      case Gate.Decision.NotAllowed no ->
          refuse(call, Status.PERMISSION_DENIED.withDescription(no.message()));
    };
  }

  private static <R, M> ServerCall.Listener<R> refuse(ServerCall<R, M> call, Status status) {
    call.close(status, new Metadata());
    return new ServerCall.Listener<>() {};
  }
}
