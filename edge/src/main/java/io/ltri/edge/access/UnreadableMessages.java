package io.ltri.edge.access;

import io.grpc.ForwardingServerCall;
import io.grpc.ForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.InputStream;

/**
 * Refuses a message that is none of its method's with INVALID_ARGUMENT. By itself gRPC parses
 * before any interceptor is asked, and answers UNKNOWN, which says that the service failed; the
 * service is not told, and what it then sends breaks the connection with all other calls on it. So
 * the parser of a {@linkplain #handedOn definition} hands such a message on as what it is, and this
 * interceptor, the last before the service, ends the call: whoever counts, names or limits calls
 * sees it like any other.
 */
public final class UnreadableMessages implements ServerInterceptor {

  /** In the place of a message. */
  private record Unreadable(String why) {}

  /** The same service, whose parsers never fail; this interceptor must be in front of it. */
  public static ServerServiceDefinition handedOn(ServerServiceDefinition service) {
    ServiceDescriptor descriptor = service.getServiceDescriptor();
    ServiceDescriptor.Builder methods =
        ServiceDescriptor.newBuilder(descriptor.getName())
            .setSchemaDescriptor(descriptor.getSchemaDescriptor());
    var definitions = service.getMethods().stream().map(UnreadableMessages::handedOn).toList();
    definitions.forEach(method -> methods.addMethod(method.getMethodDescriptor()));
    ServerServiceDefinition.Builder same = ServerServiceDefinition.builder(methods.build());
    definitions.forEach(same::addMethod);
    return same.build();
  }

  private static <R, M> ServerMethodDefinition<R, M> handedOn(ServerMethodDefinition<R, M> method) {
    MethodDescriptor<R, M> descriptor = method.getMethodDescriptor();
    return ServerMethodDefinition.create(
        descriptor.toBuilder(
                new Lenient<>(descriptor.getRequestMarshaller()),
                descriptor.getResponseMarshaller())
            .build(),
        method.getServerCallHandler());
  }

  private record Lenient<R>(MethodDescriptor.Marshaller<R> parser)
      implements MethodDescriptor.Marshaller<R> {

    @Override
    public InputStream stream(R value) {
      return parser.stream(value);
    }

    @Override
    @SuppressWarnings("unchecked") // Nobody between the parser and the interceptor looks inside.
    public R parse(InputStream stream) {
      try {
        return parser.parse(stream);
      } catch (StatusRuntimeException e) {
        Throwable cause = e.getCause();
        return (R) new Unreadable(String.valueOf((cause == null ? e : cause).getMessage()));
      }
    }
  }

  @Override
  public <R, M> ServerCall.Listener<R> interceptCall(
      ServerCall<R, M> call, Metadata headers, ServerCallHandler<R, M> next) {
    Refusable<R, M> refusable = new Refusable<>(call);
    return new Refusing<>(next.startCall(refusable, headers), refusable);
  }

  /**
   * What the service answers with. Once the call is refused nothing of it is sent: a service with
   * threads of its own may be about to answer what came before.
   */
  private static final class Refusable<R, M>
      extends ForwardingServerCall.SimpleForwardingServerCall<R, M> {
    private boolean ended;

    Refusable(ServerCall<R, M> call) {
      super(call);
    }

    @Override
    public synchronized void sendHeaders(Metadata headers) {
      if (!ended) {
        super.sendHeaders(headers);
      }
    }

    @Override
    public synchronized void sendMessage(M message) {
      if (!ended) {
        super.sendMessage(message);
      }
    }

    @Override
    public synchronized void close(Status status, Metadata trailers) {
      if (!ended) {
        ended = true;
        super.close(status, trailers);
      }
    }
  }

  private static final class Refusing<R>
      extends ForwardingServerCallListener.SimpleForwardingServerCallListener<R> {
    private final ServerCall<R, ?> call;
    private boolean refused;

    Refusing(ServerCall.Listener<R> listener, ServerCall<R, ?> call) {
      super(listener);
      this.call = call;
    }

    @Override
    public void onMessage(R message) {
      if (refused) {
        return;
      }
      if (message instanceof Unreadable(String why)) {
        refused = true;
        call.close(
            Status.INVALID_ARGUMENT.withDescription(
                "a message to %s cannot be read (%s): send what its schema says"
                    .formatted(call.getMethodDescriptor().getFullMethodName(), why)),
            new Metadata());
        // What came before it, the first parts of a file for instance, leads nowhere.
        super.onCancel();
        return;
      }
      super.onMessage(message);
    }

    @Override
    public void onHalfClose() {
      if (!refused) {
        super.onHalfClose();
      }
    }

    @Override
    public void onReady() {
      if (!refused) {
        super.onReady();
      }
    }

    @Override
    public void onCancel() {
      if (!refused) {
        super.onCancel();
      }
    }

    @Override
    public void onComplete() {
      if (!refused) {
        super.onComplete();
      }
    }
  }
}
