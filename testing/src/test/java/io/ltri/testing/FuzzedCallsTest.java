package io.ltri.testing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import io.ltri.fuzzing.Mutations;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import io.ltri.proto.inference.v1.DocumentsGrpc;
import io.ltri.proto.inference.v1.GenerateRequest;
import io.ltri.proto.inference.v1.GenerationGrpc;
import io.ltri.proto.inference.v1.Message;
import io.ltri.proto.inference.v1.ServerGrpc;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Whatever is sent to the services, they answer with a status that says what was wrong with it, and
 * go on. Methods run one after the other, each with a document of its own. The seed is printed;
 * {@code -Dltri.fuzz.seed} and {@code -Dltri.fuzz.minutes} as docs/fuzzing.md says.
 */
class FuzzedCallsTest {

  @RegisterExtension static final LtriExtension LTRI = TinyModel.services();

  /** One for each text: the same text would be the same document, which another test deletes. */
  private static final AtomicLong TEXTS = new AtomicLong();

  /** They say that the service did not know what happened. */
  private static final Set<Status.Code> DEFECTS =
      EnumSet.of(Status.Code.UNKNOWN, Status.Code.INTERNAL);

  private final long seed = Long.getLong("ltri.fuzz.seed", 1);
  private final long until =
      System.nanoTime() + 60_000_000_000L * Long.getLong("ltri.fuzz.minutes", 0);
  private final Random random = new Random(seed);
  private final Http http = new Http(LTRI::http);
  private ManagedChannel channel;
  private String id = "";

  @BeforeEach
  void document() {
    id =
        http.document("the log", TinyModel.text(80, TEXTS.incrementAndGet()))
            .path("id")
            .asString("");
  }

  @AfterEach
  void close() {
    if (channel != null) {
      channel.shutdownNow();
    }
  }

  private boolean goesOn(int done, int cases) {
    return done < cases || System.nanoTime() < until;
  }

  private void anyCall(String address, List<ServiceDescriptor> services, int cases) {
    channel = ManagedChannelBuilder.forTarget(address).usePlaintext().build();
    List<MethodDescriptor<?, ?>> methods = new ArrayList<>();
    services.forEach(service -> methods.addAll(service.getMethods()));
    Map<String, Integer> counts = new TreeMap<>();
    int done = 0;
    for (; goesOn(done, cases); done++) {
      if (done % 200 == 199) {
        document();
      }
      MethodDescriptor<?, ?> method = methods.get(random.nextInt(methods.size()));
      RawCall.Outcome outcome = RawCall.make(channel, method, null, messages(method));
      assertThat(DEFECTS)
          .as("%s, case %d, seed %d: %s", method.getFullMethodName(), done, seed, outcome.status())
          .doesNotContain(outcome.code());
      counts.merge(outcome.code().name(), 1, Integer::sum);
    }
    System.out.printf("%d calls of %s, seed %d: %s%n", done, address, seed, counts);
    document();
    assertThat(http.get("/v1/documents/" + id).status()).isEqualTo(200);
  }

  private List<byte[]> messages(MethodDescriptor<?, ?> method) {
    RandomMessages any = new RandomMessages(random, List.of(id));
    boolean stream = !method.getType().clientSendsOneMessage();
    List<byte[]> messages = new ArrayList<>();
    var schema = (ProtoMethodDescriptorSupplier) method.getSchemaDescriptor();
    for (int i = stream ? random.nextInt(4) : 1; i > 0; i--) {
      byte[] message = any.of(schema.getMethodDescriptor().getInputType(), 0).toByteArray();
      messages.add(
          random.nextInt(4) == 0
              ? new Mutations(random.nextLong(), List.of(message), List.of()).next()
              : message);
    }
    return messages;
  }

  @Test
  void anyCallOfTheIndexServiceIsAnswered() {
    anyCall(LTRI.indexAddress(), List.of(SpanIndexGrpc.getServiceDescriptor()), 300);
  }

  @Test
  void anyCallOfTheInferenceServiceIsAnswered() {
    anyCall(
        LTRI.inferenceAddress(),
        List.of(
            DocumentsGrpc.getServiceDescriptor(),
            GenerationGrpc.getServiceDescriptor(),
            ServerGrpc.getServiceDescriptor()),
        150);
  }

  @Test
  void deadlinesAtTheEdgesOfWhatTheyCanBeAreTaken() {
    channel = ManagedChannelBuilder.forTarget(LTRI.inferenceAddress()).usePlaintext().build();
    for (long deadline : new long[] {Long.MAX_VALUE, Long.MIN_VALUE, -1}) {
      GenerateRequest request =
          GenerateRequest.newBuilder()
              .addMessages(Message.newBuilder().setRole("user").setContent("who?"))
              .setMaxTokens(2)
              .setDeadlineMillis(deadline)
              .build();
      RawCall.Outcome outcome =
          RawCall.make(
              channel, GenerationGrpc.getGenerateMethod(), null, List.of(request.toByteArray()));
      assertThat(DEFECTS).as("%d: %s", deadline, outcome.status()).doesNotContain(outcome.code());
    }
  }

  @Test
  void anyBodyOverHttpIsAnswered() {
    Map<String, String> bodies =
        Map.of(
            "/v1/chat/completions",
            "{\"document\":\"%s\",\"max_tokens\":2,\"temperature\":0.5,\"top_p\":0.9,\"top_k\":3,\"seed\":7,\"stop\":[\"a\"],\"logprobs\":true,\"top_logprobs\":2,\"n\":1,\"stream\":false,\"sources\":2,\"response_format\":{\"type\":\"text\"},\"tools\":[],\"messages\":[{\"role\":\"system\",\"content\":\"x\"},{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"who?\"}]}]}"
                .formatted(id),
            "/v1/completions",
            "{\"document\":\"%s\",\"max_tokens\":2,\"prompt\":\"who?\",\"echo\":false,\"logprobs\":1,\"stream\":true,\"stream_options\":{\"include_usage\":true}}"
                .formatted(id),
            "/v1/documents",
            "{\"title\":\"x\",\"text\":\"a lamp\",\"policy\":\"ltri\",\"fresh\":true,\"expire_after\":60,\"labels\":[\"a\"]}",
            "/v1/map",
            "{\"document\":\"%s\",\"tokens\":16,\"layer\":0}".formatted(id),
            "/tokenize",
            "{\"prompt\":\"who?\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}",
            "/detokenize",
            "{\"tokens\":[5,6,7]}",
            "/v1/files",
            "--cut\r\ncontent-disposition: form-data; name=\"title\"\r\n\r\nx\r\n--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"x.html\"\r\n"
                + "content-type: text/html\r\n\r\n<table><p>a lamp</p>\r\n--cut--\r\n",
            "/v1/documents/import",
            "0".repeat(700));
    List<String> paths = bodies.keySet().stream().sorted().toList();
    Map<Integer, Integer> counts = new TreeMap<>();
    int done = 0;
    long longest = 0;
    String slowest = "";
    for (; goesOn(done, 200); done++) {
      String path = paths.get(random.nextInt(paths.size()));
      byte[] sound = bodies.get(path).getBytes(UTF_8);
      byte[] body =
          new Mutations(
                  random.nextLong(),
                  List.of(sound),
                  List.of(
                      "\"document\":",
                      "\"messages\":[",
                      "--cut",
                      "\r\n\r\n",
                      "filename=\"../x.pdf\""))
              .next();
      String type =
          path.endsWith("files")
              ? "multipart/form-data; boundary=cut"
              : path.endsWith("import") ? "application/octet-stream" : "application/json";
      HttpRequest request =
          http.request(path)
              .header("content-type", type)
              .POST(HttpRequest.BodyPublishers.ofByteArray(body))
              .build();
      Http.Reply reply;
      long start = System.nanoTime();
      try {
        reply = http.send(request);
      } catch (UncheckedIOException e) {
        throw new AssertionError(
            "%s, case %d, seed %d, after %d s, %d bytes in %s: %s"
                .formatted(
                    path,
                    done,
                    seed,
                    (System.nanoTime() - start) / 1_000_000_000,
                    body.length,
                    kept(body),
                    new String(body, 0, Math.min(body.length, 2000), UTF_8)),
            e);
      }
      long millis = (System.nanoTime() - start) / 1_000_000;
      if (millis > longest) {
        longest = millis;
        slowest = "%s, case %d, %d bytes: %d".formatted(path, done, body.length, reply.status());
      }
      assertThat(reply.status())
          .as("%s, case %d, seed %d: %s", path, done, seed, reply.text())
          .isIn(200, 201, 202, 400, 404, 409, 413, 415, 422, 429);
      if (reply.status() >= 400) {
        assertThat(reply.json().path("error").path("message").asString("")).isNotEmpty();
        assertThat(reply.text()).doesNotContain("\tat ").doesNotContain("Exception:");
      }
      counts.merge(reply.status(), 1, Integer::sum);
    }
    System.out.printf(
        "%d bodies over HTTP, seed %d: %s; the slowest took %d ms (%s)%n",
        done, seed, counts, longest, slowest);
    assertThat(http.get("/v1/documents/" + id).status()).isEqualTo(200);
  }

  /** A whole body, for whoever wants to send it again. */
  private static Path kept(byte[] body) {
    try {
      return Files.write(Files.createTempFile("finding-", ".bin"), body);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
