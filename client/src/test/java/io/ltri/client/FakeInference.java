package io.ltri.client;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.Status;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.grpc.util.TransmitStatusRuntimeExceptionInterceptor;
import io.ltri.proto.inference.v1.CreateDocumentHeader;
import io.ltri.proto.inference.v1.CreateDocumentRequest;
import io.ltri.proto.inference.v1.CreateDocumentResponse;
import io.ltri.proto.inference.v1.DeleteDocumentRequest;
import io.ltri.proto.inference.v1.DeleteDocumentResponse;
import io.ltri.proto.inference.v1.DocumentsGrpc;
import io.ltri.proto.inference.v1.FinishReason;
import io.ltri.proto.inference.v1.GenerateRequest;
import io.ltri.proto.inference.v1.GenerateResponse;
import io.ltri.proto.inference.v1.GenerationGrpc;
import io.ltri.proto.inference.v1.GetDocumentRequest;
import io.ltri.proto.inference.v1.GetServerRequest;
import io.ltri.proto.inference.v1.ListDocumentsRequest;
import io.ltri.proto.inference.v1.ListDocumentsResponse;
import io.ltri.proto.inference.v1.ServerGrpc;
import io.ltri.proto.inference.v1.Source;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * An inference service without a model, in this process: it answers a question with its last
 * message, reversed.
 */
public final class FakeInference implements AutoCloseable {
  /** Text that is refused as the real service refuses binary data. */
  public static final String BAD = "\u0000";

  /** A text or question that is never done with. */
  public static final String ENDLESS = "endless";

  /** A question whose answer has text after its last token. */
  public static final String LATE = "late";

  public final Map<String, byte[]> texts = new ConcurrentHashMap<>();
  public final List<CreateDocumentHeader> headers = new CopyOnWriteArrayList<>();
  public final List<GenerateRequest> questions = new CopyOnWriteArrayList<>();
  public final CountDownLatch cancelled = new CountDownLatch(1);
  public final CountDownLatch begun = new CountDownLatch(1);

  /** It dies when it has said so many tokens of an answer, or has got so many bytes of a text. */
  public volatile int diesAfter = Integer.MAX_VALUE;

  /** What it still waits for then. */
  public final CountDownLatch mayDie = new CountDownLatch(1);

  private final String name = "inference-" + UUID.randomUUID();
  private final List<ManagedChannel> channels = new CopyOnWriteArrayList<>();
  private final Server server;
  private final String address;

  /** In this process alone. */
  public FakeInference() {
    server = start(InProcessServerBuilder.forName(name));
    address = "";
  }

  /** On a port of loopback. */
  public static FakeInference listening() {
    return new FakeInference(
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)));
  }

  private FakeInference(ServerBuilder<?> builder) {
    server = start(builder);
    address = "127.0.0.1:" + server.getPort();
  }

  private Server start(ServerBuilder<?> builder) {
    try {
      return builder
          .addService(new Documents())
          .addService(new Generation())
          .addService(new ServerService())
          .intercept(TransmitStatusRuntimeExceptionInterceptor.instance())
          .build()
          .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public String address() {
    return address;
  }

  /** As a process that is killed. */
  private void die() {
    try {
      mayDie.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    server.shutdownNow();
  }

  public ManagedChannel channel() {
    ManagedChannel channel = InProcessChannelBuilder.forName(name).build();
    channels.add(channel);
    return channel;
  }

  public LtriClient client() {
    return LtriClient.on(channel());
  }

  /** Whether a cancellation has arrived within a few seconds. */
  public boolean sawCancellation() throws InterruptedException {
    return cancelled.await(5, TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    channels.forEach(ManagedChannel::shutdownNow);
    server.shutdownNow();
  }

  private io.ltri.proto.inference.v1.Document document(String id) {
    byte[] text = texts.get(id);
    if (text == null) {
      throw Status.NOT_FOUND.withDescription("there is no document " + id).asRuntimeException();
    }
    return io.ltri.proto.inference.v1.Document.newBuilder()
        .setId(id)
        .setTitle("title of " + id)
        .setTokens(text.length / 4)
        .setTextBytes(text.length)
        .setSizeBytes(text.length * 100L)
        .setDigest("d1")
        .setReplicas(headers.isEmpty() ? 0 : headers.getLast().getReplicas())
        .putIdentity("window", "512")
        .build();
  }

  private final class Documents extends DocumentsGrpc.DocumentsImplBase {
    @Override
    public StreamObserver<CreateDocumentRequest> createDocument(
        StreamObserver<CreateDocumentResponse> responses) {
      ((ServerCallStreamObserver<CreateDocumentResponse>) responses)
          .setOnCancelHandler(cancelled::countDown);
      return new StreamObserver<>() {
        private final ByteArrayOutputStream text = new ByteArrayOutputStream();
        private CreateDocumentHeader header = CreateDocumentHeader.getDefaultInstance();

        @Override
        public void onNext(CreateDocumentRequest request) {
          if (request.hasHeader()) {
            header = request.getHeader();
            headers.add(header);
            begun.countDown();
            return;
          }
          text.writeBytes(request.getText().toByteArray());
          if (text.size() > diesAfter) {
            die();
            return;
          }
          responses.onNext(
              CreateDocumentResponse.newBuilder()
                  .setProgress(
                      io.ltri.proto.inference.v1.ReadingProgress.newBuilder()
                          .setTokens(text.size() / 4)
                          .setTextBytes(text.size())
                          .setTotalTextBytes(header.getSizeBytes())
                          .setElapsedMillis(text.size()))
                  .build());
        }

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onCompleted() {
          String all = text.toString(java.nio.charset.StandardCharsets.UTF_8);
          if (all.equals(ENDLESS)) {
            return;
          }
          if (all.contains(BAD)) {
            responses.onError(
                Status.INVALID_ARGUMENT.withDescription("binary data at byte 0").asException());
            return;
          }
          String id = "doc" + (texts.size() + 1);
          texts.put(id, text.toByteArray());
          responses.onNext(
              CreateDocumentResponse.newBuilder()
                  .setCreated(
                      io.ltri.proto.inference.v1.CreatedDocument.newBuilder()
                          .setDocument(document(id))
                          .setRead(true)
                          .setElapsedMillis(2000))
                  .build());
          responses.onCompleted();
        }
      };
    }

    @Override
    public void getDocument(
        GetDocumentRequest request, StreamObserver<io.ltri.proto.inference.v1.Document> responses) {
      responses.onNext(document(request.getId()));
      responses.onCompleted();
    }

    @Override
    public void listDocuments(
        ListDocumentsRequest request, StreamObserver<ListDocumentsResponse> responses) {
      ListDocumentsResponse.Builder all = ListDocumentsResponse.newBuilder();
      texts.keySet().stream().sorted().forEach(id -> all.addDocuments(document(id)));
      responses.onNext(all.build());
      responses.onCompleted();
    }

    @Override
    public void deleteDocument(
        DeleteDocumentRequest request, StreamObserver<DeleteDocumentResponse> responses) {
      long size = document(request.getId()).getSizeBytes();
      texts.remove(request.getId());
      responses.onNext(DeleteDocumentResponse.newBuilder().setFreedBytes(size).build());
      responses.onCompleted();
    }
  }

  private final class Generation extends GenerationGrpc.GenerationImplBase {
    @Override
    public void generate(GenerateRequest request, StreamObserver<GenerateResponse> responses) {
      questions.add(request);
      ((ServerCallStreamObserver<GenerateResponse>) responses)
          .setOnCancelHandler(cancelled::countDown);
      if (!request.getDocumentId().isEmpty()) {
        document(request.getDocumentId());
      }
      String question = request.getMessages(request.getMessagesCount() - 1).getContent();
      String answer = new StringBuilder(question).reverse().toString();
      for (int i = request.getBegunTokenIdsCount(); i < answer.length(); i++) {
        if (i >= diesAfter) {
          die();
          return;
        }
        GenerateResponse.Builder piece = GenerateResponse.newBuilder();
        piece.getTextBuilder().setText(answer.substring(i, i + 1)).addTokenIds(i);
        if (request.getSources() > 0) {
          piece.getTextBuilder().addSources(Source.newBuilder().setStart(i).setEnd(i + 5));
        }
        responses.onNext(piece.build());
      }
      begun.countDown();
      if (question.equals(ENDLESS)) {
        return;
      }
      if (question.equals(LATE)) {
        responses.onNext(
            GenerateResponse.newBuilder()
                .setText(io.ltri.proto.inference.v1.GeneratedText.newBuilder().setText("!"))
                .build());
        if (answer.length() + 1 >= diesAfter) {
          die();
          return;
        }
      }
      if (question.equals("mismatch")) {
        responses.onError(
            Status.FAILED_PRECONDITION.withDescription("model digest differs").asException());
        return;
      }
      GenerateResponse.Builder end = GenerateResponse.newBuilder();
      end.getFiguresBuilder()
          .setFinishReason(FinishReason.FINISH_REASON_STOP)
          .setPromptTokens(20_131)
          .setReusedTokens(20_096)
          .setGeneratedTokens(11)
          .setLookups(300)
          .setSpansFetched(812)
          .setBytesFetched(13_400_000)
          .setFirstTokenMillis(310)
          .setElapsedMillis(1310);
      if (request.getSources() > 0) {
        end.getFiguresBuilder()
            .setDocumentAttention(0.2)
            .addSources(
                Source.newBuilder()
                    .setDocumentId(request.getDocumentId())
                    .setStart(1200)
                    .setEnd(1232)
                    .setWeight(0.42)
                    .setAttention(0.0312)
                    .setPage(7)
                    .setText(" in the\nledger "));
      }
      responses.onNext(end.build());
      responses.onCompleted();
    }
  }

  private static final class ServerService extends ServerGrpc.ServerImplBase {
    @Override
    public void getServer(
        GetServerRequest request, StreamObserver<io.ltri.proto.inference.v1.ServerInfo> responses) {
      responses.onNext(
          io.ltri.proto.inference.v1.ServerInfo.newBuilder()
              .setModel("fake")
              .setTrainedLength(8192)
              .setIndexState("SERVING")
              .putReadingSettings("window", "512")
              .build());
      responses.onCompleted();
    }
  }
}
