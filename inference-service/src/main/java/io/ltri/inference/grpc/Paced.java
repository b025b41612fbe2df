package io.ltri.inference.grpc;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/**
 * Messages of an answer, sent no faster than the client takes them: what is not taken would lie in
 * memory. For the thread of the call, which waits.
 */
final class Paced<M> {
  private static final long PAUSE_NANOS = 1_000_000;

  private final ServerCallStreamObserver<M> responses;
  private final Duration patience;

  /**
   * @param patience with a client that takes nothing
   */
  Paced(StreamObserver<M> responses, Duration patience) {
    this.responses = (ServerCallStreamObserver<M>) responses;
    this.patience = patience;
  }

  /**
   * @throws io.grpc.StatusRuntimeException if the client has cancelled the call, or takes nothing
   */
  void send(M message) {
    long begin = System.nanoTime();
    while (!responses.isReady()) {
      if (responses.isCancelled()) {
        throw Status.CANCELLED.withDescription("nobody reads the answer").asRuntimeException();
      }
      if (System.nanoTime() - begin > patience.toNanos()) {
        throw Status.DEADLINE_EXCEEDED
            .withDescription("the answer was not read for " + patience.toSeconds() + " s")
            .asRuntimeException();
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
    responses.onNext(message);
  }
}
