package io.ltri.index.grpc;

import io.grpc.stub.ServerCallStreamObserver;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Sends a stream of messages as fast as the reader takes them: each is made only when there is room
 * for it. The call's callbacks, which gRPC runs one at a time, are the only threads here.
 */
final class PacedAnswer<M> {

  private final String call;
  private final ServerCallStreamObserver<M> observer;
  private final Supplier<@Nullable M> messages;
  private final AutoCloseable source;
  private boolean ended;

  private PacedAnswer(
      String call,
      ServerCallStreamObserver<M> observer,
      Supplier<@Nullable M> messages,
      AutoCloseable source) {
    this.call = call;
    this.observer = observer;
    this.messages = messages;
    this.source = source;
  }

  /**
   * @param messages the next message, or null at the end
   * @param source closed when the last message was made, or the call came to another end
   */
  static <M> void send(
      String call,
      ServerCallStreamObserver<M> observer,
      Supplier<@Nullable M> messages,
      AutoCloseable source) {
    PacedAnswer<M> answer = new PacedAnswer<>(call, observer, messages, source);
    observer.setOnCancelHandler(answer::end);
    observer.setOnReadyHandler(answer::proceed);
    answer.proceed();
  }

  private void proceed() {
    try {
      while (!ended && observer.isReady()) {
        M message = messages.get();
        if (message == null) {
          end();
          observer.onCompleted();
        } else {
          observer.onNext(message);
        }
      }
    } catch (RuntimeException | Error e) {
      end();
      observer.onError(Statuses.toSend(call, e));
    }
  }

  private void end() {
    if (!ended) {
      ended = true;
      try {
        source.close();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
