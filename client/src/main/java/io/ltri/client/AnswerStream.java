package io.ltri.client;

import io.grpc.Context;
import io.grpc.Status;
import io.ltri.proto.inference.v1.GenerateResponse;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * An answer as it is made: any number of {@link AnswerText}, then one {@link AnswerFigures}. For
 * one reading thread; {@link #close} may be called by any thread, at any time, and frees the work
 * in the service within a step.
 */
public final class AnswerStream implements Iterator<AnswerEvent>, AutoCloseable {
  private final Iterator<GenerateResponse> responses;
  private final Context.CancellableContext call;
  private final String peer;

  AnswerStream(Iterator<GenerateResponse> responses, Context.CancellableContext call, String peer) {
    this.responses = responses;
    this.call = call;
    this.peer = peer;
  }

  @Override
  public boolean hasNext() {
    try {
      return responses.hasNext();
    } catch (RuntimeException e) {
      throw LtriException.of(e, peer);
    }
  }

  @Override
  public AnswerEvent next() {
    if (!hasNext()) {
      throw new NoSuchElementException("the answer has ended");
    }
    return Wire.event(responses.next());
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
