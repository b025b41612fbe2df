package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.MessageLite;
import io.grpc.BindableService;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.ltri.client.NewDocument;
import io.ltri.inference.access.TenantLimits;
import io.ltri.inference.engine.Generator;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import io.ltri.proto.inference.v1.CreateDocumentHeader;
import io.ltri.proto.inference.v1.CreateDocumentRequest;
import io.ltri.proto.inference.v1.CreateDocumentResponse;
import io.ltri.proto.inference.v1.DeleteDocumentRequest;
import io.ltri.proto.inference.v1.DocumentsGrpc;
import io.ltri.proto.inference.v1.ExportDocumentRequest;
import io.ltri.proto.inference.v1.GenerateRequest;
import io.ltri.proto.inference.v1.GenerateResponse;
import io.ltri.proto.inference.v1.GenerationGrpc;
import io.ltri.proto.inference.v1.GetDocumentRequest;
import io.ltri.proto.inference.v1.GetServerRequest;
import io.ltri.proto.inference.v1.Message;
import io.ltri.proto.inference.v1.Sampling;
import io.ltri.proto.inference.v1.ServerGrpc;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Messages that no honest client sends over gRPC. */
@Tag("slow")
class HostileGrpcTest {
  private static final int MAX_MESSAGE = 1 << 20;

  @RegisterExtension
  static final LtriExtension LTRI =
      TinyModel.services()
          .with("spring.grpc.server.inbound.message.max-size", MAX_MESSAGE + "B")
          .with("ltri.index.max-message", MAX_MESSAGE + "B")
          .with("ltri.inference.patience", "2s");

  private static ManagedChannel inference;
  private static ManagedChannel index;

  @BeforeAll
  static void connect() {
    inference = ManagedChannelBuilder.forTarget(LTRI.inferenceAddress()).usePlaintext().build();
    index = ManagedChannelBuilder.forTarget(LTRI.indexAddress()).usePlaintext().build();
  }

  @AfterAll
  static void disconnect() {
    inference.shutdownNow();
    index.shutdownNow();
  }

  private static Collection<MethodDescriptor<?, ?>> methods(
      Collection<? extends BindableService> services) {
    TreeMap<String, MethodDescriptor<?, ?>> methods = new TreeMap<>();
    for (BindableService service : services) {
      for (MethodDescriptor<?, ?> method :
          service.bindService().getServiceDescriptor().getMethods()) {
        methods.put(method.getFullMethodName(), method);
      }
    }
    return methods.values();
  }

  private static void bothServe() {
    assertThat(
            ServerGrpc.newBlockingStub(inference)
                .getServer(GetServerRequest.getDefaultInstance())
                .getIndexState())
        .isEqualTo("SERVING");
  }

  /** A field with an inner message that has a field with an inner message, and so on. */
  private static byte[] nested(int depth) {
    byte[] inner = {};
    for (int i = 0; i < depth; i++) {
      ByteArrayOutputStream outer = new ByteArrayOutputStream();
      outer.write(0x0a);
      int length = inner.length;
      while (length > 0x7f) {
        outer.write((length & 0x7f) | 0x80);
        length >>>= 7;
      }
      outer.write(length);
      outer.writeBytes(inner);
      inner = outer.toByteArray();
    }
    return inner;
  }

  private static List<byte[]> malformed(Random random) {
    List<byte[]> all = new ArrayList<>();
    all.add(new byte[] {(byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff});
    all.add(new byte[] {0x0a, (byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 0x07});
    all.add(new byte[] {0x0a, 0x7f, 'x'}); // Ends before its length.
    all.add(new byte[] {0x00, 0x01}); // Field 0.
    all.add(new byte[] {0x0f}); // A wire type that there is not.
    all.add(new byte[] {0x0b, 0x0b, 0x0b}); // Groups without an end.
    all.add(new byte[] {0x0a, 0x02, (byte) 0xc3, 0x28, 0x12, 0x02, (byte) 0xc3, 0x28}); // UTF-8.
    for (int i = 0; i < 8; i++) {
      byte[] noise = new byte[1 + random.nextInt(200)];
      random.nextBytes(noise);
      all.add(noise);
    }
    all.add(nested(5_000));
    return all;
  }

  @Test
  void messagesThatAreNoneEndTheirCallAndNothingElse() {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    for (ManagedChannel channel : List.of(inference, index)) {
      Collection<MethodDescriptor<?, ?>> methods =
          methods(
              channel == inference
                  ? LTRI.inferenceBeans(BindableService.class)
                  : LTRI.indexBeans(BindableService.class));
      assertThat(methods).hasSizeGreaterThan(14);
      for (MethodDescriptor<?, ?> method : methods) {
        if (method.getFullMethodName().endsWith("CollectGarbage")
            || method.getFullMethodName().startsWith("grpc.")) {
          continue;
        }
        for (byte[] message : malformed(random)) {
          RawCall.Outcome outcome = RawCall.make(channel, method, List.of(message));
          if (!isParsed(method, message)) {
            assertThat(outcome.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
            assertThat(outcome.status().getDescription())
                .contains(method.getFullMethodName(), "cannot be read");
          }
          if (outcome.code() != Status.Code.OK) {
            assertThat(outcome.code())
                .as("%s: %s", method.getFullMethodName(), outcome.status())
                .isNotIn(
                    Status.Code.DEADLINE_EXCEEDED,
                    Status.Code.UNAVAILABLE,
                    Status.Code.RESOURCE_EXHAUSTED,
                    Status.Code.DATA_LOSS);
            assertThat(String.valueOf(outcome.status().getDescription()))
                .as(method.getFullMethodName())
                .doesNotContain("a defect of the server");
          }
        }
      }
    }
    bothServe();
  }

  private static boolean isParsed(MethodDescriptor<?, ?> method, byte[] message) {
    try {
      Object unused = method.parseRequest(new ByteArrayInputStream(message));
      return true;
    } catch (StatusRuntimeException e) {
      return false;
    }
  }

  /** What the service answers to the first message comes after the call has ended. */
  @Test
  void aStreamThatCannotBeReadAnyMoreEndsAndItsConnectionGoesOn() throws Exception {
    byte[] header =
        CreateDocumentRequest.newBuilder()
            .setHeader(CreateDocumentHeader.newBuilder().setTitle("half"))
            .build()
            .toByteArray();
    byte[] none = {0x0a, 0x7f, 'x'};
    for (int i = 0; i < 100; i++) {
      assertThat(
              RawCall.make(
                      inference,
                      DocumentsGrpc.getCreateDocumentMethod(),
                      List.of(header, none, header))
                  .code())
          .isEqualTo(Status.Code.INVALID_ARGUMENT);
      assertThat(
              RawCall.make(index, SpanIndexGrpc.getSearchMethod(), List.of(new byte[0], none))
                  .code())
          .isEqualTo(Status.Code.INVALID_ARGUMENT);
    }
    TenantLimits limits = LTRI.inferenceBean(TenantLimits.class);
    for (int i = 0; i < 600 && limits.running() > 0; i++) {
      Thread.sleep(50);
    }
    assertThat(limits.running()).isZero();
    bothServe();
  }

  @Test
  void aMessageBeyondTheLimitIsRefusedByBoth() {
    byte[] large = new byte[2 * MAX_MESSAGE];
    RawCall.Outcome atInference =
        RawCall.make(inference, GenerationGrpc.getGenerateMethod(), List.of(large));
    assertThat(atInference.code()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    RawCall.Outcome atIndex = RawCall.make(index, SpanIndexGrpc.getSearchMethod(), List.of(large));
    assertThat(atIndex.code()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    bothServe();
  }

  @Test
  void headersBeyondTheLimitAreRefusedByBoth() {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of("x-long", Metadata.ASCII_STRING_MARSHALLER), "a".repeat(100_000));
    for (String address : List.of(LTRI.inferenceAddress(), LTRI.indexAddress())) {
      ManagedChannel channel =
          NettyChannelBuilder.forTarget(address)
              .usePlaintext()
              .intercept(io.grpc.stub.MetadataUtils.newAttachHeadersInterceptor(headers))
              .build();
      try {
        RawCall.Outcome outcome =
            RawCall.make(channel, ServerGrpc.getGetServerMethod(), List.of(new byte[0]));
        assertThat(outcome.code())
            .as(outcome.status().toString())
            .isIn(
                Status.Code.INTERNAL,
                Status.Code.RESOURCE_EXHAUSTED,
                Status.Code.UNAVAILABLE,
                Status.Code.UNKNOWN);
      } finally {
        channel.shutdownNow();
      }
    }
    bothServe();
  }

  @Test
  void noIdLeadsToAFile() {
    for (String id :
        List.of(
            "../../../../etc/passwd",
            "..",
            ".",
            "/etc/passwd",
            "..\\..\\etc\\passwd",
            "a/../../b",
            "facts.json",
            ".building",
            "\0",
            "%2e%2e%2f",
            "a".repeat(100_000),
            "\ud83d\ude00")) {
      refused(
          inference,
          DocumentsGrpc.getGetDocumentMethod(),
          id,
          GetDocumentRequest.newBuilder().setId(id).build());
      refused(
          inference,
          DocumentsGrpc.getExportDocumentMethod(),
          id,
          ExportDocumentRequest.newBuilder().setId(id).build());
      refused(
          inference,
          DocumentsGrpc.getDeleteDocumentMethod(),
          id,
          DeleteDocumentRequest.newBuilder().setId(id).build());
      refused(
          index,
          io.ltri.proto.index.v1.SpanIndexGrpc.getDeleteDocumentMethod(),
          id,
          io.ltri.proto.index.v1.DeleteDocumentRequest.newBuilder().setId(id).build());
    }
    bothServe();
  }

  private static void refused(
      ManagedChannel service, MethodDescriptor<?, ?> method, String id, MessageLite request) {
    assertThat(RawCall.make(service, method, List.of(request.toByteArray())).code())
        .as(id)
        .isIn(Status.Code.NOT_FOUND, Status.Code.INVALID_ARGUMENT);
  }

  @Test
  void aTitleThatLooksLikeAPathIsATitle() throws Exception {
    String title = "../../../escaped";
    String id =
        LTRI.client().createDocument(NewDocument.of(title, TinyModel.text(60, 77))).document().id();
    assertThat(LTRI.client().document(id).title()).isEqualTo(title);
    assertThat(id).matches("[a-z0-9]{16}");
  }

  private static GenerateRequest endless(String document) {
    return GenerateRequest.newBuilder()
        .setDocumentId(document)
        .setMaxTokens(100_000)
        .setSampling(Sampling.newBuilder().setTemperature(0.01f))
        .setLogProbabilities(true)
        .setTopLogProbabilities(20)
        .setSources(100)
        .addMessages(Message.newBuilder().setRole("user").setContent("go on for ever"))
        .build();
  }

  @Test
  void anAnswerThatIsNotReadEndsAndHoldsNobodyUp() throws Exception {
    String document =
        LTRI.client()
            .createDocument(NewDocument.of("a text", TinyModel.text(300, 78)))
            .document()
            .id();
    Generator generator = LTRI.inferenceBean(Generator.class);
    // A small window, that is soon full.
    ManagedChannel reader =
        NettyChannelBuilder.forTarget(LTRI.inferenceAddress())
            .usePlaintext()
            .flowControlWindow(16 << 10)
            .build();
    ClientCall<GenerateRequest, GenerateResponse> call =
        reader.newCall(GenerationGrpc.getGenerateMethod(), CallOptions.DEFAULT);
    call.start(new ClientCall.Listener<>() {}, new Metadata());
    call.request(1);
    call.sendMessage(endless(document));
    call.halfClose();
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (generator.running() == 0) {
      assertThat(System.nanoTime()).isLessThan(end);
      Thread.sleep(10);
    }
    bothServe();
    while (generator.running() > 0) {
      assertThat(System.nanoTime()).as("the answer that nobody reads").isLessThan(end);
      Thread.sleep(50);
    }
    reader.shutdownNow();
  }

  @Test
  void aTextThatNeverEndsIsGivenUp() throws Exception {
    ClientCall<CreateDocumentRequest, CreateDocumentResponse> call =
        inference.newCall(DocumentsGrpc.getCreateDocumentMethod(), CallOptions.DEFAULT);
    java.util.concurrent.CompletableFuture<Status> ended =
        new java.util.concurrent.CompletableFuture<>();
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onClose(Status status, Metadata trailers) {
            ended.complete(status);
          }
        },
        new Metadata());
    call.request(10);
    call.sendMessage(
        CreateDocumentRequest.newBuilder()
            .setHeader(CreateDocumentHeader.newBuilder().setTitle("slow"))
            .build());
    CreateDocumentRequest drop =
        CreateDocumentRequest.newBuilder()
            .setText(com.google.protobuf.ByteString.copyFrom("a", StandardCharsets.UTF_8))
            .build();
    for (int i = 0; i < 300 && !ended.isDone(); i++) {
      call.sendMessage(drop);
      Thread.sleep(100);
    }
    assertThat(ended).isDone();
    assertThat(ended.join().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
  }
}
