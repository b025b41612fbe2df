package io.ltri.inference.retrieval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import io.ltri.proto.index.v1.SearchRequest;
import io.ltri.proto.index.v1.SearchResponse;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import io.ltri.proto.index.v1.StageOneRule;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The stream against a service that answers when the test says so. */
@Timeout(30)
class GrpcLookupStreamTest {
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final Duration SHORT = Duration.ofMillis(20);

  private record Asked(SearchRequest request, StreamObserver<SearchResponse> responses) {
    /** A candidate whose ordinal is the layer asked about. */
    void answer() {
      SearchResponse.Builder response = SearchResponse.newBuilder().setLayer(request.getLayer());
      response.addCandidatesBuilder().setSpan(request.getLayer()).setEnd(4).addMass(0.5f);
      responses.onNext(response.build());
    }
  }

  private final BlockingQueue<Asked> asked = new LinkedBlockingQueue<>();
  private final String name = UUID.randomUUID().toString();
  private final Server server =
      InProcessServerBuilder.forName(name)
          .directExecutor()
          .addService(
              new SpanIndexGrpc.SpanIndexImplBase() {
                @Override
                public StreamObserver<SearchRequest> search(
                    StreamObserver<SearchResponse> responses) {
                  return new StreamObserver<>() {
                    @Override
                    public void onNext(SearchRequest request) {
                      asked.add(new Asked(request, responses));
                    }

                    @Override
                    public void onError(Throwable error) {}

                    @Override
                    public void onCompleted() {}
                  };
                }
              })
          .build();
  private final ManagedChannel channel =
      InProcessChannelBuilder.forName(name).directExecutor().build();
  private final IndexGuard guard = new IndexGuard(channel, new IndexWaits(LONG, LONG));
  private final LookupStream stream =
      new GrpcLookupStream(guard, SpanIndexGrpc.newStub(channel), List.of("base", "delta"));

  @BeforeEach
  void start() throws IOException {
    Server started = server.start();
    assertThat(started.isShutdown()).isFalse();
  }

  @AfterEach
  void stop() {
    stream.close();
    channel.shutdownNow();
    server.shutdownNow();
  }

  private LookupStream.Asked ask(int layer) {
    return ask(layer, SearchRule.DEFAULT);
  }

  private LookupStream.Asked ask(int layer, SearchRule rule) {
    return stream.ask(layer, MemorySegment.ofArray(new byte[8]), 1, 100, 50, rule);
  }

  private Asked next() throws InterruptedException {
    Asked next = asked.poll(20, TimeUnit.SECONDS);
    assertThat(next).isNotNull();
    return next;
  }

  private static int span(LookupStream.Asked asked, Duration deadline) {
    return asked.await(deadline).getFirst().span();
  }

  @Test
  void manyAreAskedAheadAndEachGetsItsOwnAnswerInWhateverOrderTheyAreAwaited() throws Exception {
    LookupStream.Asked first = ask(1);
    LookupStream.Asked second = ask(2);
    LookupStream.Asked third = ask(3);
    for (int i = 0; i < 3; i++) {
      next().answer();
    }
    assertThat(span(third, LONG)).isEqualTo(3);
    assertThat(span(first, LONG)).isEqualTo(1);
    assertThat(span(second, LONG)).isEqualTo(2);
  }

  @Test
  void anAnswerThatComesTooLateIsNotTakenForTheNext() throws Exception {
    LookupStream.Asked late = ask(1);
    assertThatThrownBy(() -> late.await(SHORT))
        .isInstanceOfSatisfying(
            IndexException.class,
            e -> assertThat(e.reason()).isEqualTo(IndexException.Reason.TOO_LATE))
        .hasMessageContaining("20 ms");
    LookupStream.Asked following = ask(2);
    next().answer();
    assertThatThrownBy(() -> following.await(SHORT)).isInstanceOf(IndexException.class);
    next().answer();
    assertThat(span(following, LONG)).isEqualTo(2);
  }

  @Test
  void aSequenceThatEndsWhileSomebodyWaitsSaysNothingOfTheIndex() throws Exception {
    List<Thread> waiting = new ArrayList<>();
    Queue<IndexException> failures = new ConcurrentLinkedQueue<>();
    for (int layer = 0; layer < 8; layer++) {
      LookupStream.Asked look = ask(layer);
      waiting.add(
          Thread.startVirtualThread(
              () -> {
                try {
                  look.await(LONG);
                } catch (IndexException e) {
                  failures.add(e);
                }
              }));
    }
    stream.close();
    for (Thread each : waiting) {
      each.join();
    }
    assertThat(failures)
        .hasSize(8)
        .allMatch(failure -> failure.reason() == IndexException.Reason.ENDED);
    assertThat(guard.isAsked()).isTrue();
  }

  @Test
  void aBrokenStreamFailsAllThatWaitAndIsOpenedAnew() throws Exception {
    LookupStream.Asked first = ask(1);
    LookupStream.Asked second = ask(2);
    next().responses().onError(new IllegalStateException("gone"));
    assertThatThrownBy(() -> first.await(LONG)).isInstanceOf(IndexException.class);
    assertThatThrownBy(() -> second.await(LONG)).isInstanceOf(IndexException.class);
    asked.clear();
    LookupStream.Asked third = ask(3);
    next().answer();
    assertThat(span(third, LONG)).isEqualTo(3);
  }

  @Test
  void anErrorOfOneLookUpLeavesTheStreamOpen() throws Exception {
    LookupStream.Asked bad = ask(1);
    LookupStream.Asked good = ask(2);
    next().responses().onNext(SearchResponse.newBuilder().setError("layer 1 is odd").build());
    next().answer();
    assertThatThrownBy(() -> bad.await(LONG)).hasMessage("layer 1 is odd");
    assertThat(span(good, LONG)).isEqualTo(2);
  }

  @Test
  void theStatusOfAFailedLookUpSaysWhatCanBeDone() throws Exception {
    LookupStream.Asked damaged = ask(1);
    String what = "document base, vectors: checksum differs";
    next().responses().onNext(SearchResponse.newBuilder().setError("DATA_LOSS: " + what).build());
    assertThatThrownBy(() -> damaged.await(LONG))
        .isInstanceOfSatisfying(
            IndexException.class,
            e -> assertThat(e.reason()).isEqualTo(IndexException.Reason.DAMAGED))
        .hasMessage(what);
  }

  @Test
  void anIndexThatDoesNotAnswerLookUpsIsNotAskedAfterTheSecondTime() throws Exception {
    for (int i = 0; i < 2; i++) {
      LookupStream.Asked overdue = ask(1);
      assertThatThrownBy(() -> overdue.await(SHORT)).isInstanceOf(IndexException.class);
    }
    assertThatThrownBy(() -> ask(1))
        .isInstanceOf(IndexException.class)
        .hasMessageContaining("has failed lately (no answer to a look-up within 20 ms)");
  }

  @Test
  void theRuleIsSentOnlyWhereItIsNotTheUsualOne() throws Exception {
    LookupStream.Asked unused = ask(1);
    SearchRequest usual = next().request();
    assertThat(usual.getStageOneRule()).isEqualTo(StageOneRule.STAGE_ONE_RULE_UNSPECIFIED);
    assertThat(usual.getOneStage()).isFalse();
    assertThat(usual.getDocumentIdsList()).containsExactly("base", "delta");
    assertThat(usual.getReturnTokens()).isEqualTo(50);
    unused = ask(1, new SearchRule(SearchRule.StageOne.MAX, false));
    SearchRequest other = next().request();
    assertThat(other.getStageOneRule()).isEqualTo(StageOneRule.STAGE_ONE_RULE_MAX);
    assertThat(other.getOneStage()).isTrue();
  }
}
