package io.ltri.inference.retrieval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import io.grpc.Context;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import io.ltri.proto.index.v1.CreateDocumentRequest;
import io.ltri.proto.index.v1.DeleteDocumentRequest;
import io.ltri.proto.index.v1.DeleteDocumentResponse;
import io.ltri.proto.index.v1.Document;
import io.ltri.proto.index.v1.GetDocumentRequest;
import io.ltri.proto.index.v1.GetNodeRequest;
import io.ltri.proto.index.v1.ListDocumentsRequest;
import io.ltri.proto.index.v1.ListDocumentsResponse;
import io.ltri.proto.index.v1.Node;
import io.ltri.proto.index.v1.ReadTailRequest;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import io.ltri.proto.index.v1.TailPart;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The calls against a service that is quiet, refuses or answers, as the test says. */
@Timeout(30)
class GrpcSpanIndexTest {
  private static final IndexWaits SHORT =
      new IndexWaits(Duration.ofMillis(500), Duration.ofMillis(20));

  private enum Mood {
    ANSWERS,
    QUIET,
    REFUSES
  }

  private volatile Mood mood = Mood.ANSWERS;
  private final AtomicInteger asked = new AtomicInteger();
  private final Set<String> there = ConcurrentHashMap.newKeySet();
  private final String name = UUID.randomUUID().toString();
  private final Server server =
      InProcessServerBuilder.forName(name)
          .executor(Executors.newVirtualThreadPerTaskExecutor())
          .addService(new Moody())
          .build();
  private final GrpcSpanIndex index =
      new GrpcSpanIndex(InProcessChannelBuilder.forName(name).build(), SHORT);

  private final class Moody extends SpanIndexGrpc.SpanIndexImplBase {
    private <M> void answer(StreamObserver<M> responses, M message) {
      asked.incrementAndGet();
      switch (mood) {
        case ANSWERS -> {
          responses.onNext(message);
          responses.onCompleted();
        }
        case QUIET -> {}
        case REFUSES ->
            responses.onError(Status.NOT_FOUND.withDescription("no such thing").asException());
      }
    }

    @Override
    public void createDocument(CreateDocumentRequest request, StreamObserver<Document> responses) {
      String id = "d" + asked.get();
      there.add(id);
      answer(responses, Document.newBuilder().setId(id).build());
    }

    @Override
    public void deleteDocument(
        DeleteDocumentRequest request, StreamObserver<DeleteDocumentResponse> responses) {
      if (mood == Mood.ANSWERS) {
        there.remove(request.getId());
      }
      answer(responses, DeleteDocumentResponse.getDefaultInstance());
    }

    @Override
    public void getDocument(GetDocumentRequest request, StreamObserver<Document> responses) {
      answer(responses, Document.newBuilder().setId(request.getId()).build());
    }

    @Override
    public void listDocuments(
        ListDocumentsRequest request, StreamObserver<ListDocumentsResponse> responses) {
      answer(responses, ListDocumentsResponse.getDefaultInstance());
    }

    @Override
    public void readTail(ReadTailRequest request, StreamObserver<TailPart> responses) {
      asked.incrementAndGet();
      responses.onNext(
          TailPart.newBuilder().setSection("a").setData(ByteString.copyFromUtf8("ab")).build());
      if (mood != Mood.QUIET) {
        responses.onCompleted();
      }
    }

    @Override
    public void getNode(GetNodeRequest request, StreamObserver<Node> responses) {
      if (mood != Mood.QUIET) {
        responses.onNext(Node.getDefaultInstance());
        responses.onCompleted();
      }
    }
  }

  @BeforeEach
  void start() throws IOException {
    Server started = server.start();
    assertThat(started.isShutdown()).isFalse();
  }

  @AfterEach
  void stop() {
    index.close();
    server.shutdownNow();
  }

  private static IndexException failure(Runnable call) {
    return catchThrowableOfType(IndexException.class, call::run);
  }

  private void list() {
    List<IndexedDocument> unused = index.list();
  }

  private void awaitAnswer() throws InterruptedException {
    while (failure(this::list) != null) {
      Thread.sleep(10);
    }
  }

  @Test
  void anIndexThatDoesNotAnswerIsNotAskedAfterTheSecondTimeUntilItAnswersAgain() throws Exception {
    mood = Mood.QUIET;
    for (int i = 0; i < 2; i++) {
      assertThat(failure(this::list).reason()).isEqualTo(IndexException.Reason.TOO_LATE);
    }
    for (int i = 0; i < 10; i++) {
      IndexException notAsked = failure(this::list);
      assertThat(notAsked.reason()).isEqualTo(IndexException.Reason.UNAVAILABLE);
      assertThat(notAsked).hasMessageContaining("it has failed lately");
    }
    assertThat(asked).hasValue(2);
    mood = Mood.ANSWERS;
    awaitAnswer();
    assertThat(asked).hasValue(3);
  }

  @Test
  void refusalsAreAnswers() {
    mood = Mood.REFUSES;
    for (int i = 0; i < 10; i++) {
      assertThat(failure(() -> index.get("d")).reason()).isEqualTo(IndexException.Reason.NOT_FOUND);
    }
    assertThat(asked).hasValue(10);
  }

  @Test
  void aRequestThatWasCancelledSaysNothingAboutTheIndex() {
    for (int i = 0; i < 5; i++) {
      Context.CancellableContext gone = Context.current().withCancellation();
      boolean first = gone.cancel(null);
      assertThat(first).isTrue();
      gone.run(() -> assertThat(failure(this::list)).isNotNull());
    }
    assertThat(failure(this::list)).isNull();
  }

  @Test
  void aTailThatStopsInTheMiddleIsNotWaitedForLongerThanACall() {
    assertThat(index.readTail("d")).containsOnlyKeys("a");
    mood = Mood.QUIET;
    assertThatThrownBy(() -> index.readTail("d"))
        .isInstanceOfSatisfying(
            IndexException.class,
            e -> assertThat(e.reason()).isEqualTo(IndexException.Reason.TOO_LATE))
        .hasMessage("nothing came from the index for 500 ms");
  }

  @Test
  void aDeltaWhoseDeletionGotNoAnswerIsDeletedWhenTheIndexIsBack() throws Exception {
    BlockLayout layout = new BlockLayout(1, 2, 1, 4, 2, 0.5f);
    String delta = index.create(NewDocument.ephemeral(layout)).id();
    String build = index.create(new NewDocument(layout, Map.of(), false, "", "", null)).id();
    assertThat(there).containsExactlyInAnyOrder(delta, build);
    mood = Mood.QUIET;
    assertThat(failure(() -> index.delete(delta))).isNotNull();
    assertThat(failure(() -> index.delete(build))).isNotNull();
    mood = Mood.ANSWERS;
    while (there.contains(delta)) {
      Thread.sleep(10);
    }
    awaitAnswer();
    assertThat(there).containsExactly(build);
  }
}
