package io.ltri.edge.watch;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingClientCall;
import io.grpc.ForwardingServerCall;
import io.grpc.ForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * The id of a request: taken from the header {@code x-request-id} or made up, sent back, passed on
 * to the services that are asked on its behalf, and in every log line about it.
 */
public final class RequestIds {

  /** The header, in lower case. */
  public static final String HEADER = "x-request-id";

  /** Of the log lines. */
  public static final String MDC_KEY = "requestId";

  /** Where a thread's request id is. */
  public static final Context.Key<String> KEY = Context.key("ltri-request-id");

  private static final Metadata.Key<String> METADATA =
      Metadata.Key.of(HEADER, Metadata.ASCII_STRING_MARSHALLER);

  /** What may stand in a log line without changing its meaning. */
  private static final Pattern SOUND = Pattern.compile("[A-Za-z0-9._:/+=-]{1,128}");

  private RequestIds() {}

  /**
   * The id that a request goes by.
   *
   * @param given by the caller; null or one that cannot be logged: another is made up
   */
  public static String idFor(@Nullable String given) {
    return given != null && SOUND.matcher(given).matches() ? given : UUID.randomUUID().toString();
  }

  /** Runs something whose log lines carry this id. */
  public static void logged(@Nullable String id, Runnable task) {
    String before = MDC.get(MDC_KEY);
    put(id);
    try {
      task.run();
    } finally {
      put(before);
    }
  }

  private static void put(@Nullable String id) {
    if (id == null) {
      MDC.remove(MDC_KEY);
    } else {
      MDC.put(MDC_KEY, id);
    }
  }

  public static ServerInterceptor server() {
    return new ServerInterceptor() {
      @Override
      public <R, M> ServerCall.Listener<R> interceptCall(
          ServerCall<R, M> call, Metadata headers, ServerCallHandler<R, M> next) {
        String id = idFor(headers.get(METADATA));
        ServerCall<R, M> answering = new Answering<>(call, id);
        Context context = Context.current().withValue(KEY, id);
        String before = MDC.get(MDC_KEY);
        put(id);
        try {
          return new Logged<>(Contexts.interceptCall(context, answering, headers, next), id);
        } finally {
          put(before);
        }
      }
    };
  }

  private static final class Answering<R, M>
      extends ForwardingServerCall.SimpleForwardingServerCall<R, M> {
    private final String id;
    private boolean sent;

    Answering(ServerCall<R, M> call, String id) {
      super(call);
      this.id = id;
    }

    @Override
    public void sendHeaders(Metadata headers) {
      sent = true;
      headers.put(METADATA, id);
      super.sendHeaders(headers);
    }

    @Override
    public void close(io.grpc.Status status, Metadata trailers) {
      if (!sent) {
        trailers.put(METADATA, id);
      }
      super.close(status, trailers);
    }
  }

  private static final class Logged<R>
      extends ForwardingServerCallListener.SimpleForwardingServerCallListener<R> {
    private final String id;

    Logged(ServerCall.Listener<R> listener, String id) {
      super(listener);
      this.id = id;
    }

    @Override
    public void onMessage(R message) {
      logged(id, () -> super.onMessage(message));
    }

    @Override
    public void onHalfClose() {
      logged(id, super::onHalfClose);
    }

    @Override
    public void onCancel() {
      logged(id, super::onCancel);
    }

    @Override
    public void onComplete() {
      logged(id, super::onComplete);
    }

    @Override
    public void onReady() {
      logged(id, super::onReady);
    }
  }

  /** Passes the id of the request at hand on. */
  public static ClientInterceptor client() {
    return new ClientInterceptor() {
      @Override
      public <R, M> ClientCall<R, M> interceptCall(
          MethodDescriptor<R, M> method, CallOptions options, Channel next) {
        String id = KEY.get();
        if (id == null) {
          return next.newCall(method, options);
        }
        return new ForwardingClientCall.SimpleForwardingClientCall<>(
            next.newCall(method, options)) {
          @Override
          public void start(Listener<M> listener, Metadata headers) {
            headers.put(METADATA, id);
            super.start(listener, headers);
          }
        };
      }
    };
  }
}
