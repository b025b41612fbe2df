package io.ltri.inference.retrieval;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.ltri.proto.index.v1.SearchRequest;
import io.ltri.proto.index.v1.SearchResponse;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One bidirectional stream. Answers come in the order of the requests, so an answer that came too
 * late is known by its place and dropped. A broken stream is opened anew by the next look-up.
 */
final class GrpcLookupStream implements LookupStream {

  private sealed interface Event {
    record Answer(SearchResponse response) implements Event {}

    record Broken(IndexException cause) implements Event {}
  }

  private final SpanIndexGrpc.SpanIndexStub stub;
  private final List<String> documentIds;
  private @Nullable Stream stream;

  GrpcLookupStream(SpanIndexGrpc.SpanIndexStub stub, List<String> documentIds) {
    this.stub = stub.withMaxInboundMessageSize(64 << 20);
    this.documentIds = List.copyOf(documentIds);
  }

  @Override
  public List<Candidate> search(
      int layer,
      MemorySegment queries,
      int count,
      int candidateTokens,
      int returnTokens,
      Duration deadline) {
    Stream current = stream;
    if (current == null) {
      current = new Stream();
      stub.search(current);
      stream = current;
    }
    SearchRequest request =
        SearchRequest.newBuilder()
            .addAllDocumentIds(documentIds)
            .setLayer(layer)
            .setQueries(ByteString.copyFrom(queries.asByteBuffer()))
            .setQueryCount(count)
            .setCandidateTokens(candidateTokens)
            .setReturnTokens(returnTokens)
            .build();
    SearchResponse response;
    try {
      response = current.ask(request, deadline);
    } catch (IndexException e) {
      if (current.broken) {
        stream = null;
      }
      throw e;
    }
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
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private @Nullable ClientCallStreamObserver<SearchRequest> requests;
    private int overdue;
    private boolean broken;

    @Override
    public void beforeStart(ClientCallStreamObserver<SearchRequest> requestStream) {
      requests = requestStream;
    }

    SearchResponse ask(SearchRequest request, Duration deadline) {
      ClientCallStreamObserver<SearchRequest> open = requests;
      if (open == null) {
        throw new IllegalStateException("the stream has not started");
      }
      long end = System.nanoTime() + deadline.toNanos();
      try {
        open.onNext(request);
      } catch (IllegalStateException e) {
        broken = true;
        throw new IndexException(
            IndexException.Reason.UNAVAILABLE, "the look-up stream is closed", e);
      }
      while (true) {
        Event event = next(end, deadline);
        switch (event) {
          case Event.Broken(IndexException cause) -> {
            broken = true;
            throw cause;
          }
          case Event.Answer(SearchResponse response) -> {
            if (overdue == 0) {
              return response;
            }
            overdue--;
          }
        }
      }
    }

    private Event next(long end, Duration deadline) {
      try {
        Event event = events.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
        if (event != null) {
          return event;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        broken = true;
        end();
        throw new IndexException(IndexException.Reason.UNAVAILABLE, "interrupted", e);
      }
      overdue++;
      throw new IndexException(
          IndexException.Reason.TOO_LATE,
          "no answer to a look-up within " + deadline.toMillis() + " ms");
    }

    void end() {
      ClientCallStreamObserver<SearchRequest> open = requests;
      if (open != null) {
        open.cancel("the sequence has ended", null);
      }
    }

    @Override
    public void onNext(SearchResponse response) {
      events.add(new Event.Answer(response));
    }

    @Override
    public void onError(Throwable error) {
      events.add(new Event.Broken(GrpcSpanIndex.failure(Status.fromThrowable(error), error)));
    }

    @Override
    public void onCompleted() {
      events.add(
          new Event.Broken(
              new IndexException(
                  IndexException.Reason.UNAVAILABLE, "the index closed the look-up stream")));
    }
  }
}
