package io.ltri.inference.retrieval;

import io.github.resilience4j.circuitbreaker.CallNotPermittedException;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Context;
import io.grpc.ForwardingClientCall;
import io.grpc.ForwardingClientCallListener;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.ltri.edge.access.CallFailure;
import io.ltri.proto.index.v1.GetNodeRequest;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands between the inference service and the index: every call passes here. A call without a
 * deadline gets one. When the index did not answer half of its last four calls, it is not asked any
 * more and calls fail at once; a probe beside the requests finds out when it is back, so that no
 * request waits to find out. Refusals are answers: they do not count as failures.
 *
 * <p>Any thread.
 */
final class IndexGuard implements ClientInterceptor, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(IndexGuard.class);

  private static final int CALLS_LOOKED_AT = 4;
  private static final int FAILURE_PERCENT = 50;
  private static final Duration LONGEST_RETRY = Duration.ofSeconds(30);

  /** An index that fails again so soon after it came back is tried less often. */
  private static final Duration STEADY = Duration.ofSeconds(60);

  private static final Duration POLL = Duration.ofMillis(20);

  private final Channel unguarded;
  private final IndexWaits waits;
  private final List<Runnable> whenBack = new ArrayList<>();

  /** The breaker never lets a request try out the index: the probe does. */
  private final CircuitBreaker breaker =
      CircuitBreaker.of(
          "index",
          CircuitBreakerConfig.custom()
              .slidingWindowSize(CALLS_LOOKED_AT)
              .minimumNumberOfCalls(CALLS_LOOKED_AT * FAILURE_PERCENT / 100)
              .failureRateThreshold(FAILURE_PERCENT)
              .waitDurationInOpenState(Duration.ofDays(365))
              .writableStackTraceEnabled(false)
              .build());

  private volatile String lastFailure = "";
  private volatile boolean closed;
  private Duration nextRetry;
  private long backSince = System.nanoTime() - STEADY.toNanos();

  IndexGuard(Channel unguarded, IndexWaits waits) {
    this.unguarded = unguarded;
    this.waits = waits;
    this.nextRetry = waits.retry();
    breaker
        .getEventPublisher()
        .onStateTransition(
            event -> {
              if (event.getStateTransition() == CircuitBreaker.StateTransition.CLOSED_TO_OPEN) {
                opened();
              }
            });
  }

  /** Runs each time an index that had failed answers again. */
  void whenBack(Runnable task) {
    synchronized (whenBack) {
      whenBack.add(task);
    }
  }

  /** Fails at once if the index is not asked at present. */
  void requireAsked() {
    if (breaker.getState() == CircuitBreaker.State.OPEN) {
      throw new IndexException(
          IndexException.Reason.UNAVAILABLE, "the index cannot be reached: " + notAsked());
    }
  }

  /** Whether requests ask the index at present. */
  boolean isAsked() {
    return breaker.getState() != CircuitBreaker.State.OPEN;
  }

  /** Waits until the index is asked again, but no longer than this. */
  void awaitAsked(Duration patience) throws InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    while (breaker.getState() == CircuitBreaker.State.OPEN && System.nanoTime() < end) {
      Thread.sleep(POLL);
    }
  }

  /** Waits for an answer and takes its outcome into account. */
  <T> T watch(Supplier<T> wait) {
    long start = System.nanoTime();
    T answer;
    try {
      answer = wait.get();
    } catch (IndexException e) {
      switch (e.reason()) {
        case UNAVAILABLE, TOO_LATE -> failed(start, String.valueOf(e.getMessage()), e);
        case ENDED -> {}
        default -> answered(start);
      }
      throw e;
    }
    answered(start);
    return answer;
  }

  @Override
  public <R, M> ClientCall<R, M> interceptCall(
      MethodDescriptor<R, M> method, CallOptions options, Channel next) {
    // Look-ups are watched one by one; their stream lives as long as its sequence.
    if (method.getFullMethodName().equals(SpanIndexGrpc.getSearchMethod().getFullMethodName())) {
      return next.newCall(method, options);
    }
    try {
      breaker.acquirePermission();
    } catch (CallNotPermittedException e) {
      throw Status.UNAVAILABLE.withDescription(notAsked()).withCause(e).asRuntimeException();
    }
    long start = System.nanoTime();
    Context request = Context.current();
    CallOptions bounded =
        options.getDeadline() == null
            ? options.withDeadlineAfter(waits.call().toMillis(), TimeUnit.MILLISECONDS)
            : options;
    return new ForwardingClientCall.SimpleForwardingClientCall<>(next.newCall(method, bounded)) {
      @Override
      public void start(Listener<M> listener, Metadata headers) {
        super.start(
            new ForwardingClientCallListener.SimpleForwardingClientCallListener<>(listener) {
              @Override
              public void onClose(Status status, Metadata trailers) {
                ended(start, status, request.isCancelled());
                super.onClose(status, trailers);
              }
            },
            headers);
      }
    };
  }

  private void ended(long start, Status status, boolean requestCancelled) {
    switch (status.getCode()) {
      case UNAVAILABLE, DEADLINE_EXCEEDED -> {
        if (requestCancelled) {
          breaker.releasePermission();
        } else {
          failed(start, String.valueOf(CallFailure.detail(status)), status.asException());
        }
      }
      case CANCELLED -> breaker.releasePermission();
      default -> answered(start);
    }
  }

  private void answered(long start) {
    breaker.onSuccess(System.nanoTime() - start, TimeUnit.NANOSECONDS);
  }

  private void failed(long start, String why, Throwable failure) {
    lastFailure = why;
    breaker.onError(System.nanoTime() - start, TimeUnit.NANOSECONDS, failure);
  }

  /** Somebody who is no request has found that there is nobody to connect to. */
  void notReached(Status status) {
    failed(System.nanoTime(), String.valueOf(CallFailure.detail(status)), status.asException());
  }

  private String notAsked() {
    return "it has failed lately (" + lastFailure + ") and is asked again when it answers";
  }

  private void opened() {
    Duration retry;
    synchronized (this) {
      boolean again = System.nanoTime() - backSince < STEADY.toNanos();
      nextRetry = again ? shorter(nextRetry.multipliedBy(2), LONGEST_RETRY) : waits.retry();
      retry = nextRetry;
    }
    log.warn("the index is not asked any more until it answers: {}", lastFailure);
    Thread.ofVirtual().name("index-probe").start(() -> probe(retry));
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  private void probe(Duration retry) {
    try {
      do {
        Thread.sleep(retry);
      } while (!closed && !answersNow(unguarded));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    if (closed) {
      return;
    }
    synchronized (this) {
      backSince = System.nanoTime();
    }
    breaker.transitionToClosedState();
    log.info("the index answers again");
    List<Runnable> tasks;
    synchronized (whenBack) {
      tasks = List.copyOf(whenBack);
    }
    tasks.forEach(Runnable::run);
  }

  private boolean answersNow(Channel index) {
    boolean answers = asked(index);
    if (!answers && index instanceof ManagedChannel managed) {
      // The next probe has a connection of its own: one whose peer has vanished may never fail.
      managed.enterIdle();
    }
    return answers;
  }

  private boolean asked(Channel index) {
    try {
      var unused =
          SpanIndexGrpc.newBlockingStub(index)
              .withDeadlineAfter(waits.call().toMillis(), TimeUnit.MILLISECONDS)
              .getNode(GetNodeRequest.getDefaultInstance());
      return true;
    } catch (StatusRuntimeException e) {
      // An index of another version may not know the call: that, too, is an answer.
      return switch (e.getStatus().getCode()) {
        case UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED -> false;
        default -> true;
      };
    }
  }

  @Override
  public void close() {
    closed = true;
  }

  /** A wait that ended without an answer. */
  static IndexException nothingMoved(Duration wait, TimeoutException e) {
    return new IndexException(
        IndexException.Reason.TOO_LATE,
        "nothing came from the index for " + wait.toMillis() + " ms",
        e);
  }
}
