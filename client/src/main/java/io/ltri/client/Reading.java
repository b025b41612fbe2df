package io.ltri.client;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.ltri.proto.inference.v1.CreateDocumentRequest;
import io.ltri.proto.inference.v1.CreateDocumentResponse;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A document being read. The text is sent by a virtual thread no faster than the service takes it,
 * so any length costs the same memory. May be awaited and cancelled by any thread.
 */
public final class Reading {
  private static final int PIECE_BYTES = 64 * 1024;

  private final NewDocument document;
  private final Consumer<ReadingProgress> listener;
  private final Function<Events, ClientCallStreamObserver<CreateDocumentRequest>> service;
  private final Retries retries;
  private final String peer;
  private final CompletableFuture<CreatedDocument> outcome = new CompletableFuture<>();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private volatile @Nullable ClientCallStreamObserver<CreateDocumentRequest> call;

  /**
   * @param service begins a call
   */
  Reading(
      NewDocument document,
      Consumer<ReadingProgress> listener,
      Function<Events, ClientCallStreamObserver<CreateDocumentRequest>> service,
      Retries retries,
      String peer) {
    this.document = document;
    this.listener = listener;
    this.service = service;
    this.retries = retries;
    this.peer = peer;
  }

  /** Begins the call, and sends the text by a thread of its own. */
  void begin() {
    Events events = new Events();
    ClientCallStreamObserver<CreateDocumentRequest> to = service.apply(events);
    Thread.ofVirtual().name("ltri-text").start(() -> send(events, to));
  }

  /** Waits for the end. The listener is called by another thread until then. */
  public CreatedDocument await() throws InterruptedException {
    try {
      return outcome.get();
    } catch (InterruptedException e) {
      cancel();
      throw e;
    } catch (ExecutionException e) {
      throw LtriException.of(e.getCause() == null ? e : e.getCause(), peer);
    }
  }

  /**
   * Ends it, with nothing left behind in the service; {@link #await} then throws with code
   * CANCELLED.
   */
  public void cancel() {
    fail(Status.CANCELLED.withDescription("cancelled by the caller").asRuntimeException());
  }

  private void fail(RuntimeException why) {
    outcome.completeExceptionally(why);
    ClientCallStreamObserver<CreateDocumentRequest> started = call;
    if (started != null) {
      started.cancel(why.getMessage(), why);
    }
    signal();
  }

  private void signal() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void send(Events events, ClientCallStreamObserver<CreateDocumentRequest> to) {
    try (InputStream text = document.text().open()) {
      to.onNext(CreateDocumentRequest.newBuilder().setHeader(Wire.header(document)).build());
      while (true) {
        byte[] piece = text.readNBytes(PIECE_BYTES);
        if (piece.length == 0) {
          break;
        }
        if (!awaitReady(events, to)) {
          return;
        }
        ByteString bytes = UnsafeByteOperations.unsafeWrap(piece);
        to.onNext(CreateDocumentRequest.newBuilder().setText(bytes).build());
      }
      to.onCompleted();
    } catch (IOException e) {
      String why = e.getMessage() == null ? e.toString() : e.getMessage();
      fail(
          new LtriException(
              Status.Code.INVALID_ARGUMENT,
              "the text of '" + document.title() + "' cannot be read: " + why,
              e));
    } catch (RuntimeException e) {
      // Where the call has ended already, its own status says why.
      if (events.over) {
        return;
      }
      fail(
          new LtriException(
              Status.Code.ABORTED, "'" + document.title() + "' could not be sent: " + e, e));
    }
  }

  private boolean awaitReady(Events events, ClientCallStreamObserver<CreateDocumentRequest> to) {
    lock.lock();
    try {
      while (!to.isReady() && !outcome.isDone() && !events.over) {
        changed.awaitUninterruptibly();
      }
      return !outcome.isDone() && !events.over;
    } finally {
      lock.unlock();
    }
  }

  /** What gRPC calls as the service answers. */
  final class Events
      implements ClientResponseObserver<CreateDocumentRequest, CreateDocumentResponse> {
    private @Nullable CreatedDocument created;
    private volatile boolean over;

    @Override
    public void beforeStart(ClientCallStreamObserver<CreateDocumentRequest> stream) {
      call = stream;
      stream.setOnReadyHandler(Reading.this::signal);
    }

    @Override
    public void onNext(CreateDocumentResponse response) {
      retries.progressed();
      switch (response.getEventCase()) {
        case PROGRESS -> tell(Wire.progress(response.getProgress()));
        case CREATED -> created = Wire.created(response.getCreated());
        case EVENT_NOT_SET -> {}
      }
    }

    private void tell(ReadingProgress progress) {
      try {
        listener.accept(progress);
      } catch (RuntimeException e) {
        // Ended here, for gRPC would only report that the call was cancelled.
        fail(
            new LtriException(
                Status.Code.ABORTED, "the listener of the reading failed: " + e.getMessage(), e));
      }
    }

    @Override
    public void onError(Throwable failure) {
      over = true;
      signal();
      CreatedDocument end = created;
      if (end != null) {
        // Only the end of the call was lost.
        outcome.complete(end);
      } else if (outcome.isDone() || !document.canBeReadAgain() || !again(failure)) {
        outcome.completeExceptionally(failure);
      }
      signal();
    }

    private boolean again(Throwable failure) {
      LtriException why;
      try {
        why = LtriException.of(failure, peer);
      } catch (LtriException own) {
        why = own;
      }
      if (why.code() == Status.Code.CANCELLED) {
        // Not by this client, whose cancellation is its outcome already.
        why = new LtriException(Status.Code.UNAVAILABLE, peer + " broke the reading off", failure);
      }
      if (!retries.again(why) || outcome.isDone()) {
        return false;
      }
      begin();
      return true;
    }

    @Override
    public void onCompleted() {
      over = true;
      CreatedDocument end = created;
      if (end == null) {
        outcome.completeExceptionally(
            Status.INTERNAL
                .withDescription("the service ended the call without a document")
                .asRuntimeException());
      } else {
        outcome.complete(end);
      }
      signal();
    }
  }
}
