package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import io.grpc.BindableService;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.ltri.client.LtriClient;
import io.ltri.client.NewDocument;
import io.ltri.edge.access.Gate.Rule;
import io.ltri.edge.access.Scope;
import io.ltri.inference.access.Methods;
import io.ltri.proto.inference.v1.CreateDocumentHeader;
import io.ltri.proto.inference.v1.CreateDocumentRequest;
import io.ltri.proto.inference.v1.DeleteDocumentRequest;
import io.ltri.proto.inference.v1.DocumentsGrpc;
import io.ltri.proto.inference.v1.ExportDocumentRequest;
import io.ltri.proto.inference.v1.GenerateRequest;
import io.ltri.proto.inference.v1.GenerationGrpc;
import io.ltri.proto.inference.v1.GetDocumentRequest;
import io.ltri.proto.inference.v1.ImportDocumentRequest;
import io.ltri.proto.inference.v1.ImportHeader;
import io.ltri.proto.inference.v1.Message;
import io.ltri.proto.inference.v1.PrewarmDocumentRequest;
import io.ltri.proto.inference.v1.ServerGrpc;
import io.ltri.proto.inference.v1.UpdateDocumentRequest;
import io.ltri.proto.inference.v1.VerifyDocumentRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;

/**
 * Calls every method that the services have, by everybody: the methods come from the services
 * themselves, so one that nobody thought of fails here. The table in docs/security.md is what this
 * finds; {@code -Dltri.write-docs=true} writes it.
 */
@Tag("slow")
class AccessTableTest {
  private static final Path PAGE = Path.of("../docs/security.md");
  private static final String BEGIN = "<!-- what AccessTableTest finds -->\n";
  private static final String END = "<!-- end -->";

  private static final TestTokens TOKENS = new TestTokens();
  private static final TestTokens INDEX_TOKENS = new TestTokens();
  private static final String INDEX_ADMIN = INDEX_TOKENS.add("inference", "*", Scope.ADMIN, false);
  private static final String INDEX_READER = INDEX_TOKENS.add("reader", "*", Scope.READER, false);
  private static final String INDEX_WRITER = INDEX_TOKENS.add("writer", "*", Scope.WRITER, false);
  private static final String INDEX_EXPIRED = INDEX_TOKENS.add("expired", "*", Scope.ADMIN, true);
  private static final String READER = TOKENS.add("reader", "acme", Scope.READER, false);
  private static final String WRITER = TOKENS.add("writer", "acme", Scope.WRITER, false);
  private static final String ADMIN = TOKENS.add("admin", "acme", Scope.ADMIN, false);
  private static final String EXPIRED = TOKENS.add("expired", "acme", Scope.ADMIN, true);
  private static final String STRANGER = TOKENS.add("stranger", "other", Scope.ADMIN, false);

  @RegisterExtension
  static final LtriExtension LTRI =
      TinyModel.services()
          .with("ltri.inference.access.token-file", TOKENS.file)
          .with("ltri.index.access.token-file", INDEX_TOKENS.file)
          .with("ltri.inference.index-access.token-file", INDEX_TOKENS.fileOf(INDEX_ADMIN))
          .withClient(client -> client.token(WRITER));

  private static final AtomicInteger NUMBER = new AtomicInteger();

  /** What is sent to a method about a document of tenant acme; {@code "missing"} is none. */
  private static final Map<String, BiFunction<String, String, List<MessageLite>>> SAMPLES =
      Map.ofEntries(
          Map.entry(
              DocumentsGrpc.getCreateDocumentMethod().getFullMethodName(),
              (id, tenant) ->
                  List.of(
                      CreateDocumentRequest.newBuilder()
                          .setHeader(CreateDocumentHeader.newBuilder().setTenant(tenant))
                          .build(),
                      CreateDocumentRequest.newBuilder()
                          .setText(ByteString.copyFromUtf8("the lamp " + NUMBER.incrementAndGet()))
                          .build())),
          Map.entry(
              DocumentsGrpc.getGetDocumentMethod().getFullMethodName(),
              (id, tenant) -> List.of(GetDocumentRequest.newBuilder().setId(id).build())),
          Map.entry(
              DocumentsGrpc.getListDocumentsMethod().getFullMethodName(),
              (id, tenant) -> List.of(GetDocumentRequest.getDefaultInstance())),
          Map.entry(
              DocumentsGrpc.getDeleteDocumentMethod().getFullMethodName(),
              (id, tenant) -> List.of(DeleteDocumentRequest.newBuilder().setId(id).build())),
          Map.entry(
              DocumentsGrpc.getUpdateDocumentMethod().getFullMethodName(),
              (id, tenant) ->
                  List.of(UpdateDocumentRequest.newBuilder().setId(id).setTitle("new").build())),
          Map.entry(
              DocumentsGrpc.getVerifyDocumentMethod().getFullMethodName(),
              (id, tenant) -> List.of(VerifyDocumentRequest.newBuilder().setId(id).build())),
          Map.entry(
              DocumentsGrpc.getPrewarmDocumentMethod().getFullMethodName(),
              (id, tenant) -> List.of(PrewarmDocumentRequest.newBuilder().setId(id).build())),
          Map.entry(
              DocumentsGrpc.getExportDocumentMethod().getFullMethodName(),
              (id, tenant) -> List.of(ExportDocumentRequest.newBuilder().setId(id).build())),
          Map.entry(
              DocumentsGrpc.getImportDocumentMethod().getFullMethodName(),
              (id, tenant) ->
                  List.of(
                      ImportDocumentRequest.newBuilder()
                          .setHeader(ImportHeader.newBuilder().setTenant(tenant))
                          .build(),
                      ImportDocumentRequest.newBuilder()
                          .setData(ByteString.copyFrom(exported()))
                          .build())),
          Map.entry(
              DocumentsGrpc.getCollectGarbageMethod().getFullMethodName(),
              (id, tenant) -> List.of(GetDocumentRequest.getDefaultInstance())),
          Map.entry(
              DocumentsGrpc.getListDeletedMethod().getFullMethodName(),
              (id, tenant) -> List.of(GetDocumentRequest.getDefaultInstance())),
          Map.entry(
              GenerationGrpc.getGenerateMethod().getFullMethodName(),
              (id, tenant) ->
                  List.of(
                      GenerateRequest.newBuilder()
                          .setDocumentId(id)
                          .setMaxTokens(2)
                          .addMessages(Message.newBuilder().setRole("user").setContent("who?"))
                          .build())),
          Map.entry(
              ServerGrpc.getGetServerMethod().getFullMethodName(),
              (id, tenant) -> List.of(GetDocumentRequest.getDefaultInstance())),
          Map.entry(
              "grpc.health.v1.Health/Check",
              (id, tenant) -> List.of(HealthCheckRequest.getDefaultInstance())),
          Map.entry(
              "grpc.health.v1.Health/Watch",
              (id, tenant) -> List.of(HealthCheckRequest.getDefaultInstance())),
          Map.entry(
              "grpc.health.v1.Health/List",
              (id, tenant) -> List.of(HealthCheckRequest.getDefaultInstance())),
          Map.entry(
              "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
              (id, tenant) -> List.of()),
          Map.entry(
              "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
              (id, tenant) -> List.of()));

  private static byte[] exported() {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    try {
      LTRI.client().export(document(), file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return file.toByteArray();
  }

  private static String document() {
    try {
      return LTRI.client()
          .createDocument(
              NewDocument.of(
                  "harbour",
                  "the keeper " + NUMBER.incrementAndGet() + " " + TinyModel.text(120, 3)))
          .document()
          .id();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Map<String, MethodDescriptor<?, ?>> methods(
      Collection<? extends BindableService> services) {
    return services.stream()
        .flatMap(service -> service.bindService().getServiceDescriptor().getMethods().stream())
        .collect(
            Collectors.toMap(
                MethodDescriptor::getFullMethodName,
                method -> method,
                (one, other) -> one,
                TreeMap::new));
  }

  private static List<byte[]> bytes(List<MessageLite> messages) {
    return messages.stream().map(MessageLite::toByteArray).toList();
  }

  private static ManagedChannel channel(String address) {
    return ManagedChannelBuilder.forTarget(address)
        .usePlaintext()
        .maxInboundMessageSize(64 << 20)
        .build();
  }

  @Test
  void everyMethodAsksForWhatTheTableSays() throws Exception {
    Map<String, MethodDescriptor<?, ?>> methods =
        methods(LTRI.inferenceBeans(BindableService.class));
    assertThat(methods).hasSizeGreaterThan(14);
    assertThat(Methods.GRPC.keySet()).containsAll(methods.keySet());
    assertThat(SAMPLES.keySet()).containsAll(methods.keySet());
    StringBuilder table = new StringBuilder();
    table.append("| inference service, gRPC | scope | no token | expired | scope below |");
    table.append(" wrong tenant | right |\n|---|---|---|---|---|---|---|\n");
    ManagedChannel channel = channel(LTRI.inferenceAddress());
    try {
      methods.forEach((name, method) -> table.append(row(channel, method, Methods.GRPC.get(name))));
    } finally {
      channel.shutdownNow();
    }
    Set<String> keys = HttpRows.keys(LTRI.inferenceBeans(RequestMappingHandlerMapping.class));
    assertThat(keys).hasSizeGreaterThan(20);
    table
        .append("\n")
        .append(
            new HttpRows(
                    LTRI::http,
                    AccessTableTest::document,
                    AccessTableTest::exported,
                    READER,
                    WRITER,
                    ADMIN,
                    EXPIRED,
                    STRANGER)
                .table(keys));
    table.append("\n| index service, gRPC | scope | no token | expired | scope below | right |\n");
    table.append("|---|---|---|---|---|---|\n");
    Map<String, MethodDescriptor<?, ?>> indexMethods =
        methods(LTRI.indexBeans(BindableService.class));
    assertThat(indexMethods).hasSizeGreaterThan(18);
    ManagedChannel index = channel(LTRI.indexAddress());
    try {
      indexMethods.forEach(
          (name, method) ->
              table.append(indexRow(index, method, io.ltri.index.grpc.Methods.RULES.get(name))));
    } finally {
      index.shutdownNow();
    }
    compareWithPage(table.toString());
  }

  private static String row(ManagedChannel channel, MethodDescriptor<?, ?> method, Rule rule) {
    String name = method.getFullMethodName();
    var sample = SAMPLES.get(name);
    String id = document();
    List<byte[]> messages = bytes(sample.apply(id, ""));
    String none = refused(rule, RawCall.make(channel, method, null, messages), name);
    String expired = refused(rule, RawCall.make(channel, method, EXPIRED, messages), name);
    String below =
        switch (rule) {
          case ANYBODY, READER -> "-";
          case WRITER -> forbidden(RawCall.make(channel, method, READER, messages), name);
          case ADMIN -> forbidden(RawCall.make(channel, method, WRITER, messages), name);
        };
    // Names the other tenant where a request can, else the other's document.
    RawCall.Outcome foreign =
        RawCall.make(channel, method, STRANGER, bytes(sample.apply(id, "acme")));
    RawCall.Outcome missing =
        RawCall.make(channel, method, STRANGER, bytes(sample.apply("missing", "acme")));
    String wrong;
    if (foreign.code() == Status.Code.OK) {
      assertThat(foreign.tells(id)).as(name).isFalse();
      assertThat(foreign.tells("harbour")).as(name).isFalse();
      wrong = rule == Rule.ANYBODY ? "OK" : "OK, nothing of the other's";
    } else {
      assertThat(foreign.code())
          .as("%s: %s", name, foreign.status())
          .isIn(Status.Code.NOT_FOUND, Status.Code.PERMISSION_DENIED);
      assertThat(foreign.code()).isEqualTo(missing.code());
      assertThat(foreign.status().getDescription().replace(id, "missing"))
          .as(name)
          .isEqualTo(missing.status().getDescription());
      wrong =
          foreign.code()
              + (foreign.code() == Status.Code.NOT_FOUND ? ", as one that is not there" : "");
    }
    String right =
        switch (rule) {
          case ANYBODY -> null;
          case READER -> READER;
          case WRITER -> WRITER;
          case ADMIN -> ADMIN;
        };
    RawCall.Outcome done = RawCall.make(channel, method, right, messages);
    assertThat(done.code()).as("%s: %s", name, done.status()).isEqualTo(Status.Code.OK);
    return "| `%s` | %s | %s | %s | %s | %s | %s |%n"
        .formatted(name, word(rule), none, expired, below, wrong, done.code());
  }

  private static String indexRow(ManagedChannel channel, MethodDescriptor<?, ?> method, Rule rule) {
    String name = method.getFullMethodName();
    assertThat(rule).as("the rule of %s", name).isNotNull();
    List<byte[]> messages =
        method.getType().clientSendsOneMessage() ? List.of(new byte[0]) : List.of();
    String none = refused(rule, RawCall.make(channel, method, null, messages), name);
    String expired = refused(rule, RawCall.make(channel, method, INDEX_EXPIRED, messages), name);
    String below =
        switch (rule) {
          case ANYBODY, READER -> "-";
          case WRITER -> forbidden(RawCall.make(channel, method, INDEX_READER, messages), name);
          case ADMIN -> forbidden(RawCall.make(channel, method, INDEX_WRITER, messages), name);
        };
    RawCall.Outcome done = RawCall.make(channel, method, INDEX_ADMIN, messages);
    assertThat(done.code())
        .as("%s: %s", name, done.status())
        .isNotIn(Status.Code.UNAUTHENTICATED, Status.Code.PERMISSION_DENIED);
    return "| `%s` | %s | %s | %s | %s | let in |%n"
        .formatted(name, word(rule), none, expired, below);
  }

  private static String word(Rule rule) {
    return rule == Rule.ANYBODY ? "none" : rule.name().toLowerCase(java.util.Locale.ROOT);
  }

  private static String refused(Rule rule, RawCall.Outcome outcome, String name) {
    assertThat(outcome.code())
        .as("%s: %s", name, outcome.status())
        .isEqualTo(rule == Rule.ANYBODY ? Status.Code.OK : Status.Code.UNAUTHENTICATED);
    return outcome.code().name();
  }

  private static String forbidden(RawCall.Outcome outcome, String name) {
    assertThat(outcome.code())
        .as("%s: %s", name, outcome.status())
        .isEqualTo(Status.Code.PERMISSION_DENIED);
    return outcome.code().name();
  }

  private static void compareWithPage(String table) throws Exception {
    String page = Files.readString(PAGE);
    int begin = page.indexOf(BEGIN) + BEGIN.length();
    int end = page.indexOf(END, begin);
    assertThat(end).as("the marks of the table in %s", PAGE).isPositive();
    if (Boolean.getBoolean("ltri.write-docs")) {
      Files.writeString(PAGE, page.substring(0, begin) + "\n" + table + "\n" + page.substring(end));
      return;
    }
    assertThat(page.substring(begin, end).strip())
        .as("the table in docs/security.md; -Dltri.write-docs=true writes it")
        .isEqualTo(table.strip());
  }

  @Test
  void whatATenantKeepsIsNeitherSeenNorReusedByAnother() throws Exception {
    String text = TinyModel.text(300, 77);
    String own = LTRI.client().createDocument(NewDocument.of("own", text)).document().id();
    try (LtriClient stranger =
        LtriClient.builder().address(LTRI.inferenceAddress()).token(STRANGER).build()) {
      assertThat(stranger.documents(true)).noneMatch(document -> document.id().equals(own));
      var again = stranger.createDocument(NewDocument.of("own", text));
      assertThat(again.read()).isTrue();
      assertThat(again.document().id()).isNotEqualTo(own);
      assertThat(again.document().tenant()).isEqualTo("other");
      assertThat(stranger.delete(again.document().id())).isPositive();
      var question =
          io.ltri.client.Question.builder()
              .message(io.ltri.client.Message.user(text + "\n\nwho?"))
              .maxTokens(2)
              .build();
      assertThat(stranger.generate(question).figures().reusedTokens()).isZero();
      assertThat(LTRI.client().generate(question).figures().reusedTokens()).isPositive();
    }
  }
}
