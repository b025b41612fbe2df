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
import org.jspecify.annotations.Nullable;

/**
 * One bidirectional stream. Answers come in the order of the requests, so an answer that came too
 * late finds its own request, for which nobody waits any more. A broken stream is opened anew by
 * the next look-up.
 */
final class GrpcLookupStream implements LookupStream {

  private final SpanIndexGrpc.SpanIndexStub stub;
  private final List<String> documentIds;
  private @Nullable Stream stream;

  GrpcLookupStream(SpanIndexGrpc.SpanIndexStub stub, List<String> documentIds) {
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
    return deadline -> candidates(asked.await(answer, deadline));
  }

  private static List<Candidate> candidates(SearchResponse response) {
    if (!response.getError().isEmpty()) {
      throw new IndexException(IndexException.Reason.INTERNAL, response.getError());
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

  @Override
  public void close() {
    Stream current = stream;
    stream = null;
    if (current != null) {
      current.end();
    }
  }

  private static final class Stream
      implements ClientResponseObserver<SearchRequest, SearchResponse> {

    /** Asked and not answered yet, in the order of the questions. */
    private final Queue<CompletableFuture<SearchResponse>> unanswered = new ArrayDeque<>();

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
        throw new IndexException(
            IndexException.Reason.TOO_LATE,
            "no answer to a look-up within " + deadline.toMillis() + " ms",
            e);
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
