package io.ltri.client;

import io.grpc.Context;
import io.grpc.Status;
import io.ltri.proto.inference.v1.GenerateRequest;
import io.ltri.proto.inference.v1.GenerateResponse;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * An answer as it is made: any number of {@link AnswerText}, then one {@link AnswerFigures}. For
 * one reading thread; {@link #close} may be called by any thread, at any time, and frees the work
 * in the service within a step.
 *
 * <p>Where the service breaks off and the client is patient ({@link
 * LtriClient.Builder#patience(java.time.Duration)}), another one goes on after the tokens that have
 * come; nothing comes twice.
 */
public final class AnswerStream implements Iterator<AnswerEvent>, AutoCloseable {
  private final GenerateRequest request;
  private final Function<GenerateRequest, Iterator<GenerateResponse>> service;
  private final Context.CancellableContext call;
  private final Retries retries;
  private final String peer;
  private final long deadlineNanos;
  private final List<Integer> tokens = new ArrayList<>();
  private Iterator<GenerateResponse> responses;
  private @Nullable GenerateResponse next;

  /** The text that came after the last token, without one of its own. */
  private boolean restCame;

  private boolean ended;

  /**
   * @param service called within the context of the call
   */
  AnswerStream(
      GenerateRequest request,
      Function<GenerateRequest, Iterator<GenerateResponse>> service,
      Context.CancellableContext call,
      Retries retries,
      String peer) {
    this.request = request;
    this.service = service;
    this.call = call;
    this.retries = retries;
    this.peer = peer;
    this.deadlineNanos = System.nanoTime() + request.getDeadlineMillis() * 1_000_000;
    this.responses = open(request);
  }

  private Iterator<GenerateResponse> open(GenerateRequest asked) {
    Context previous = call.attach();
    try {
      return service.apply(asked);
    } finally {
      call.detach(previous);
    }
  }

  @Override
  public boolean hasNext() {
    while (next == null) {
      try {
        if (!responses.hasNext()) {
          return false;
        }
        GenerateResponse came = responses.next();
        retries.progressed();
        if (came.hasText() && came.getText().getTokenIdsCount() == 0) {
          if (restCame) {
            continue;
          }
          restCame = true;
        }
        next = came;
      } catch (RuntimeException e) {
        LtriException failure = failure(e);
        if (ended) {
          // All had come: only the end of the call was lost.
          return false;
        }
        if (!retries.again(failure)) {
          throw failure;
        }
        responses = open(rest(failure));
      }
    }
    return true;
  }

  /**
   * A service that is ended takes its calls with it, and some of them say that they were cancelled.
   */
  private LtriException failure(RuntimeException e) {
    LtriException failure = LtriException.of(e, peer);
    return failure.code() == Status.Code.CANCELLED && !call.isCancelled()
        ? new LtriException(
            Status.Code.UNAVAILABLE, peer + " broke the answer off: it is being ended", e)
        : failure;
  }

  /** What is left to be asked. */
  private GenerateRequest rest(LtriException failure) {
    GenerateRequest.Builder rest =
        request.toBuilder().clearBegunTokenIds().addAllBegunTokenIds(tokens);
    if (request.getDeadlineMillis() > 0) {
      long left = (deadlineNanos - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        throw failure;
      }
      rest.setDeadlineMillis(left);
    }
    return rest.build();
  }

  /** So often another service, or the same one started anew, went on with the answer. */
  public int retries() {
    return retries.count();
  }

  @Override
  public AnswerEvent next() {
    if (!hasNext()) {
      throw new NoSuchElementException("the answer has ended");
    }
    GenerateResponse came = next;
    next = null;
    if (came == null) {
      throw new NoSuchElementException("the answer has ended");
    }
    if (came.hasText()) {
      tokens.addAll(came.getText().getTokenIdsList());
    }
    ended |= came.hasFigures();
    return Wire.event(came);
  }

  /** Reads what is left, as one answer. */
  public Answer collect() {
    StringBuilder text = new StringBuilder();
    List<Integer> tokenIds = new ArrayList<>();
    List<Float> logProbabilities = new ArrayList<>();
    @Nullable AnswerFigures figures = null;
    while (hasNext()) {
      switch (next()) {
        case AnswerText piece -> {
          text.append(piece.text());
          tokenIds.addAll(piece.tokenIds());
          logProbabilities.addAll(piece.logProbabilities());
        }
        case AnswerFigures end -> figures = end;
      }
    }
    if (figures == null) {
      throw new LtriException(
          Status.Code.INTERNAL, peer + " ended the answer without its figures", null);
    }
    return new Answer(
        text.toString(), List.copyOf(tokenIds), List.copyOf(logProbabilities), figures);
  }

  /** Cancels what has not come yet. */
  @Override
  public void close() {
    call.cancel(null);
  }
}
