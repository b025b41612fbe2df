package io.ltri.inference.retrieval;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.ltri.proto.index.v1.SearchRequest;
import io.ltri.proto.index.v1.SearchResponse;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import io.ltri.proto.index.v1.StageOneRule;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One bidirectional stream. Answers come in the order of the requests, so an answer that came too
 * late finds its own request, for which nobody waits any more. A broken stream is opened anew by
 * the next look-up, and so is one on which too many answers are overdue: sending never blocks, and
 * what a frozen index does not take in must not pile up here.
 */
final class GrpcLookupStream implements LookupStream {

  private static final int MOST_OVERDUE = 4;

  private final IndexGuard guard;
  private final SpanIndexGrpc.SpanIndexStub stub;
  private final List<String> documentIds;
  private @Nullable Stream stream;

  GrpcLookupStream(IndexGuard guard, SpanIndexGrpc.SpanIndexStub stub, List<String> documentIds) {
    this.guard = guard;
    this.stub = stub.withMaxInboundMessageSize(64 << 20);
    this.documentIds = List.copyOf(documentIds);
  }

  @Override
  public Asked ask(
      int layer,
      MemorySegment queries,
      int count,
      int candidateTokens,
      int returnTokens,
      SearchRule rule) {
    guard.requireAsked();
    Stream current = stream;
    if (current == null || current.isBroken()) {
      current = new Stream();
      stub.search(current);
      stream = current;
    }
    SearchRequest.Builder request =
        SearchRequest.newBuilder()
            .addAllDocumentIds(documentIds)
            .setLayer(layer)
            .setQueries(ByteString.copyFrom(queries.asByteBuffer()))
            .setQueryCount(count)
            .setCandidateTokens(candidateTokens)
            .setReturnTokens(returnTokens)
            .setOneStage(!rule.rescored());
    if (rule.stageOne() != SearchRule.DEFAULT.stageOne()) {
      request.setStageOneRule(
          switch (rule.stageOne()) {
            case SUM -> StageOneRule.STAGE_ONE_RULE_SUM;
            case MAX -> StageOneRule.STAGE_ONE_RULE_MAX;
          });
    }
    Stream asked = current;
    CompletableFuture<SearchResponse> answer = asked.send(request.build());
    return new Asked() {
      @Override
      public List<Candidate> await(Duration deadline) {
        return candidates(guard.watch(() -> asked.await(answer, deadline)));
      }

      @Override
      public boolean isAnswered() {
        return answer.isDone();
      }

      @Override
      public void whenAnswered(Consumer<List<Candidate>> then) {
        var unused =
            answer.thenAccept(
                response -> {
                  if (response.getError().isEmpty()) {
                    then.accept(candidates(response));
                  }
                });
      }
    };
  }

  private static List<Candidate> candidates(SearchResponse response) {
    if (!response.getError().isEmpty()) {
      throw failure(response.getError());
    }
    List<Candidate> candidates = new ArrayList<>(response.getCandidatesCount());
    for (io.ltri.proto.index.v1.Candidate found : response.getCandidatesList()) {
      float[] mass = new float[found.getMassCount()];
      for (int h = 0; h < mass.length; h++) {
        mass[h] = found.getMass(h);
      }
      candidates.add(
          new Candidate(
              found.getDocument(), found.getSpan(), found.getStart(), found.getEnd(), mass));
    }
    return candidates;
  }

  /** The index writes the code of the status before its description. */
  private static IndexException failure(String error) {
    int colon = error.indexOf(": ");
    if (colon > 0) {
      for (Status.Code code : Status.Code.values()) {
        if (code.name().equals(error.substring(0, colon))) {
          return GrpcSpanIndex.failure(
              code.toStatus().withDescription(error.substring(colon + 2)), null);
        }
      }
    }
    return new IndexException(IndexException.Reason.INTERNAL, error);
  }

  @Override
  public void close() {
    Stream current = stream;
    stream = null;
    if (current != null) {
      // Of two nodes that were asked, somebody may still wait for the slower one.
      current.fail(
          new IndexException(IndexException.Reason.ENDED, "the sequence that asked has ended"));
      current.end();
    }
  }

  private static final class Stream
      implements ClientResponseObserver<SearchRequest, SearchResponse> {

    /** Asked and not answered yet, in the order of the questions. */
    private final Queue<CompletableFuture<SearchResponse>> unanswered = new ArrayDeque<>();

    private int overdue;
    private @Nullable IndexException broken;
    private @Nullable ClientCallStreamObserver<SearchRequest> requests;

    @Override
    public void beforeStart(ClientCallStreamObserver<SearchRequest> requestStream) {
      requests = requestStream;
    }

    synchronized boolean isBroken() {
      return broken != null;
    }

    CompletableFuture<SearchResponse> send(SearchRequest request) {
      ClientCallStreamObserver<SearchRequest> open = requests;
      if (open == null) {
        throw new IllegalStateException("the stream has not started");
      }
      CompletableFuture<SearchResponse> answer = new CompletableFuture<>();
      synchronized (this) {
        if (broken != null) {
          throw broken;
        }
        unanswered.add(answer);
      }
      try {
        open.onNext(request);
      } catch (IllegalStateException e) {
        IndexException cause =
            new IndexException(
                IndexException.Reason.UNAVAILABLE, "the look-up stream is closed", e);
        fail(cause);
        throw cause;
      }
      return answer;
    }

    SearchResponse await(CompletableFuture<SearchResponse> answer, Duration deadline) {
      try {
        return answer.get(deadline.toNanos(), TimeUnit.NANOSECONDS);
      } catch (TimeoutException e) {
        IndexException cause =
            new IndexException(
                IndexException.Reason.TOO_LATE,
                "no answer to a look-up within " + deadline.toMillis() + " ms",
                e);
        overdue(answer, cause);
        throw cause;
      } catch (ExecutionException e) {
        if (e.getCause() instanceof IndexException cause) {
          throw cause;
        }
        throw new IllegalStateException(e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        IndexException cause =
            new IndexException(IndexException.Reason.UNAVAILABLE, "interrupted", e);
        fail(cause);
        end();
        throw cause;
      }
    }

    /** Counts an answer for which nobody waits any more. */
    private void overdue(CompletableFuture<SearchResponse> answer, IndexException cause) {
      synchronized (this) {
        if (!unanswered.contains(answer) || ++overdue < MOST_OVERDUE) {
          return;
        }
      }
      fail(cause);
      end();
    }

    void end() {
      ClientCallStreamObserver<SearchRequest> open = requests;
      if (open != null) {
        open.cancel("the sequence has ended", null);
      }
    }

    private void fail(IndexException cause) {
      List<CompletableFuture<SearchResponse>> waiting;
      synchronized (this) {
        if (broken == null) {
          broken = cause;
        }
        waiting = List.copyOf(unanswered);
        unanswered.clear();
      }
      waiting.forEach(answer -> answer.completeExceptionally(cause));
    }

    @Override
    public void onNext(SearchResponse response) {
      CompletableFuture<SearchResponse> answer;
      synchronized (this) {
        answer = unanswered.poll();
        overdue = 0;
      }
      if (answer != null) {
        answer.complete(response);
      }
    }

    @Override
    public void onError(Throwable error) {
      fail(GrpcSpanIndex.failure(Status.fromThrowable(error), error));
    }

    @Override
    public void onCompleted() {
      fail(
          new IndexException(
              IndexException.Reason.UNAVAILABLE, "the index closed the look-up stream"));
    }
  }
}
