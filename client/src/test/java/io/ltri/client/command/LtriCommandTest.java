package io.ltri.client.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.ltri.client.FakeInference;
import io.ltri.client.LtriClient;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class LtriCommandTest {
  @TempDir Path folder;
  private final FakeInference service = new FakeInference();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final Interrupts interrupts = new Interrupts();
  private Path book = Path.of("");

  @BeforeEach
  void write() throws IOException {
    book = Files.writeString(folder.resolve("book.txt"), "Once upon a time. ".repeat(20_000));
  }

  @AfterEach
  void close() {
    service.close();
  }

  private Session session(String input, boolean interactive) {
    Terminal terminal =
        new Terminal(
            new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
            new PrintStream(out, false, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            interactive,
            80);
    Installation installation = new Installation(folder.resolve("home"), null, null, Map.of());
    return new Session(
        installation,
        terminal,
        interrupts,
        new Services(installation, terminal),
        address -> address.equals("fake:1") ? service.client() : LtriClient.connect(address));
  }

  private int run(String... arguments) {
    return LtriCommand.commandLine(session("", false)).execute(arguments);
  }

  private int runWithInput(String input, String... arguments) {
    return LtriCommand.commandLine(session(input, false)).execute(arguments);
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void answerAloneGoesToStandardOutput() {
    int code = run("ask", "--server", "fake:1", "-d", book.toString(), "who", "was", "it");
    assertThat(code).isEqualTo(ExitCode.OK);
    assertThat(out()).isEqualTo("ti saw ohw\n");
    assertThat(err())
        .contains("read title of doc1: 90,000 tokens in 2.0 s, 45,000 tokens/s")
        .contains("prompt 20,131 tokens, 20,096 reused")
        .contains("812 spans fetched (13.4 MB)")
        .contains("0 of 300 look-ups missed")
        .contains("first token 310 ms")
        .contains("11 tokens at 10.0 tokens/s");
    assertThat(service.questions.getFirst().getDocumentId()).isEqualTo("doc1");
  }

  @Test
  void sourcesAreListedUnderTheAnswerWhenTheyAreAskedForQuietOrNot() {
    int code =
        run("ask", "--server", "fake:1", "-q", "-d", book.toString(), "--sources", "3", "who");
    assertThat(code).isEqualTo(ExitCode.OK);
    assertThat(out()).isEqualTo("ohw\n");
    assertThat(err())
        .isEqualTo(
            "source 1: page 7, tokens 1,200 to 1,231, weight 42 %, 3.12 % of the attention: in the ledger\n");
    assertThat(service.questions.getFirst().getSources()).isEqualTo(3);
    assertThat(run("ask", "--server", "fake:1", "--sources", "101", "who"))
        .isEqualTo(ExitCode.USAGE);
    assertThat(err()).contains("--sources must be between 0 and 100");
  }

  @Test
  void withoutTerminalProgressIsALineForEachTenth() {
    run("ask", "--server", "fake:1", "-d", book.toString(), "q");
    List<String> lines = err().lines().filter(line -> line.startsWith("reading ")).toList();
    assertThat(lines).hasSizeBetween(3, 12);
    assertThat(lines).allMatch(line -> line.contains("tokens/s"));
    assertThat(err()).doesNotContain("\r");
  }

  @Test
  void onATerminalOneLineIsDrawnAgain() {
    LtriCommand.commandLine(session("", true))
        .execute("ask", "--server", "fake:1", "-d", book.toString(), "q");
    assertThat(err()).contains("\rreading book.txt [###").contains(" left");
    String drawn = err().substring(0, err().lastIndexOf('\r'));
    assertThat(drawn).doesNotContain("\n");
    assertThat(drawn.split("\r")).allMatch(line -> line.length() < 80);
  }

  @Test
  void quietShowsNothingButTheAnswer() {
    run("ask", "-q", "--server", "fake:1", "-d", book.toString(), "q");
    assertThat(out()).isEqualTo("q\n");
    assertThat(err()).isEmpty();
  }

  @Test
  void questionComesFromStandardInput() {
    assertThat(runWithInput("abc\n", "ask", "-q", "--server", "fake:1", "-")).isZero();
    assertThat(out()).isEqualTo("cba\n");
  }

  @Test
  void documentComesFromStandardInput() {
    assertThat(runWithInput("text", "ask", "--server", "fake:1", "-d", "-", "q")).isZero();
    assertThat(service.texts.get("doc1")).isEqualTo("text".getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void answerOptionsReachTheService() {
    run(
        "ask",
        "--server",
        "fake:1",
        "--budget",
        "512",
        "--temperature",
        "0.7",
        "--seed",
        "5",
        "--max-tokens",
        "9",
        "--stop",
        "END",
        "--policy",
        "full",
        "--system",
        "be kind",
        "q");
    var question = service.questions.getFirst();
    assertThat(question.getBudgetTokens()).isEqualTo(512);
    assertThat(question.getSampling().getTemperature()).isEqualTo(0.7f);
    assertThat(question.getSampling().getSeed()).isEqualTo(5);
    assertThat(question.getMaxTokens()).isEqualTo(9);
    assertThat(question.getStopList()).containsExactly("END");
    assertThat(question.getPolicy()).isEqualTo("full");
    assertThat(question.getMessages(0).getContent()).isEqualTo("be kind");
  }

  @Test
  void unusableInputIsNamedBeforeAnythingStarts() throws IOException {
    Path empty = Files.createFile(folder.resolve("empty.txt"));
    assertThat(run("ask", "-d", folder.resolve("none.txt").toString(), "q"))
        .isEqualTo(ExitCode.BAD_INPUT);
    assertThat(run("ask", "-d", folder.toString(), "q")).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(run("ask", "-d", empty.toString(), "q")).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(run("ask", "--model", "none.gguf", "q")).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(err())
        .contains("there is no file")
        .contains("is a folder")
        .contains("is empty")
        .contains("there is no model file or folder none.gguf");
    assertThat(folder.resolve("home")).doesNotExist();
  }

  @Test
  void textThatTheServiceRefusesIsBadInput() throws IOException {
    Path binary = Files.writeString(folder.resolve("data.bin"), FakeInference.BAD);
    assertThat(run("ask", "--server", "fake:1", "-d", binary.toString(), "q"))
        .isEqualTo(ExitCode.BAD_INPUT);
    assertThat(err()).contains("binary data at byte 0");
    assertThat(out()).isEmpty();
  }

  @Test
  void exitCodesTellTheKindsOfFailureApart() {
    assertThat(run("ask", "--server", "fake:1", "-d", "unknown", "q"))
        .isEqualTo(ExitCode.NOT_FOUND);
    assertThat(run("ask", "--server", "127.0.0.1:1", "q")).isEqualTo(ExitCode.UNAVAILABLE);
    assertThat(run("ask", "--server", "fake:1", "mismatch")).isEqualTo(ExitCode.FAILED);
    assertThat(run("ask", "--server", "fake:1", "--top-p", "3", "q")).isEqualTo(ExitCode.USAGE);
    assertThat(run("ask", "--no-such-option")).isEqualTo(ExitCode.USAGE);
    assertThat(run("ask", "--server", "fake:1")).isEqualTo(ExitCode.USAGE);
    assertThat(run()).isEqualTo(ExitCode.USAGE);
    assertThat(run("documents")).isEqualTo(ExitCode.UNAVAILABLE);
    assertThat(run("status")).isEqualTo(ExitCode.UNAVAILABLE);
    assertThat(run("stop")).isEqualTo(ExitCode.OK);
  }

  @Test
  void interruptWhileReadingCancelsTheCall() throws Exception {
    Path endless = Files.writeString(folder.resolve("endless.txt"), FakeInference.ENDLESS);
    CompletableFuture<Integer> code =
        CompletableFuture.supplyAsync(
            () -> run("ask", "--server", "fake:1", "-d", endless.toString(), "q"));
    service.begun.await();
    interrupts.run();
    assertThat(code.get(10, TimeUnit.SECONDS)).isEqualTo(ExitCode.CANCELLED);
    assertThat(service.sawCancellation()).isTrue();
    assertThat(service.texts).isEmpty();
    assertThat(out()).isEmpty();
  }

  @Test
  void interruptWhileAnsweringCancelsTheCall() throws Exception {
    CompletableFuture<Integer> code =
        CompletableFuture.supplyAsync(
            () -> run("ask", "--server", "fake:1", FakeInference.ENDLESS));
    service.begun.await();
    interrupts.run();
    assertThat(code.get(10, TimeUnit.SECONDS)).isEqualTo(ExitCode.CANCELLED);
    assertThat(service.sawCancellation()).isTrue();
  }

  @Test
  void chatSendsTheWholeConversation() {
    int code =
        runWithInput(
            "one\n\ntwo\n/new\nthree\n/quit\nfour\n",
            "chat",
            "--server",
            "fake:1",
            "-d",
            book.toString());
    assertThat(code).isZero();
    assertThat(out()).isEqualTo("eno\nowt\neerht\n");
    assertThat(service.questions)
        .extracting(
            q -> q.getMessagesList().stream().map(m -> m.getRole() + ":" + m.getContent()).toList())
        .containsExactly(
            List.of("user:one"),
            List.of("user:one", "assistant:eno", "user:two"),
            List.of("user:three"));
    assertThat(service.questions).allMatch(q -> q.getDocumentId().equals("doc1"));
  }

  @Test
  void chatGoesOnAfterAnAnswerThatFailed() {
    assertThat(runWithInput("mismatch\nok\n", "chat", "-q", "--server", "fake:1")).isZero();
    assertThat(err()).contains("model digest differs");
    assertThat(service.questions.getLast().getMessagesCount()).isEqualTo(1);
  }

  @Test
  void aDocumentIsReadForAsManyReplicasAsAreAskedForAndShowsThem() throws IOException {
    Path text = Files.writeString(folder.resolve("lamp.txt"), "a lamp");
    assertThat(
            run("documents", "add", "--server", "fake:1", "--replicas", "3", "-d", text.toString()))
        .isZero();
    assertThat(service.headers.getLast().getReplicas()).isEqualTo(3);
    service.texts.put("doc7", new byte[4000]);
    assertThat(run("documents", "show", "--server", "fake:1", "doc7")).isZero();
    assertThat(out()).contains("replicas     3");
    assertThat(run("documents", "list", "--server", "fake:1")).isZero();
    assertThat(out()).contains("(3 replicas)");
  }

  @Test
  void documentsAreListedShownAndDeleted() {
    service.texts.put("doc7", new byte[4000]);
    assertThat(run("documents", "--server", "fake:1")).isZero();
    assertThat(out()).contains("doc7").contains("1,000").contains("400.0 kB");
    assertThat(run("documents", "show", "--server", "fake:1", "doc7")).isZero();
    assertThat(out()).contains("window = 512");
    assertThat(run("documents", "delete", "--server", "fake:1", "doc7")).isZero();
    assertThat(err()).contains("deleted doc7, 400.0 kB freed");
    service.texts.put("held", new byte[0]);
    assertThat(run("documents", "delete", "--server", "fake:1", "held")).isZero();
    assertThat(err()).contains("deleted held, nothing freed yet: other documents continue it");
    assertThat(run("documents", "show", "--server", "fake:1", "doc7"))
        .isEqualTo(ExitCode.NOT_FOUND);
  }

  @Test
  void everyCommandHasHelpWithTheExitCodes() {
    for (String command :
        List.of("ask", "chat", "documents", "serve", "status", "stop", "test", "build", "model")) {
      out.reset();
      assertThat(run(command, "--help")).isZero();
      assertThat(out()).contains("Usage: ltri " + command).contains("130   Cancelled");
    }
  }
}
