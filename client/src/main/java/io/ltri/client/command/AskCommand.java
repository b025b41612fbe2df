package io.ltri.client.command;

import io.ltri.client.LtriClient;
import io.ltri.client.Message;
import io.ltri.client.Question;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** One question, one answer. */
@Command(
    description = {
      "Answers a question, about a document if one is given.",
      "",
      "Starts both services if none is running. A document is read once; afterwards it is reopened without reading."
          + " The answer goes to standard output, all else to the error stream."
    })
final class AskCommand implements Callable<Integer> {
  private final Session session;

  @Parameters(
      arity = "0..*",
      paramLabel = "QUESTION",
      description = "The question; - or nothing: from standard input.")
  List<String> words = new ArrayList<>();

  @Mixin DocumentOptions document = new DocumentOptions();
  @Mixin AnswerOptions answer = new AnswerOptions();

  @Option(
      names = {"-q", "--quiet"},
      description = "Only the answer: no progress, no figures.")
  boolean quiet;

  @Option(
      names = "--server",
      paramLabel = "HOST:PORT",
      description = "Ask this inference service; start none.")
  @Nullable String server;

  @Mixin ServiceOptions service = new ServiceOptions();

  AskCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Question.Builder question = answer.question();
    Optional<Session.Subject> subject = session.subject(document);
    String text = questionText();
    if (subject.isEmpty() && document.system != null) {
      question.message(Message.system(document.system));
    }
    question.message(Message.user(text));
    try (LtriClient client = session.connect(server, service);
        var registration = session.interrupts().onInterrupt(client::close)) {
      if (subject.isPresent()) {
        question.documentId(session.open(client, subject.get(), answer.policy, quiet));
      }
      session.answer(client, question.build(), quiet);
    }
    return ExitCode.OK;
  }

  private String questionText() throws IOException {
    boolean fromInput = words.isEmpty() || words.equals(List.of("-"));
    if (fromInput && "-".equals(document.document)) {
      throw new CommandFailure(
          ExitCode.USAGE,
          "document and question cannot both come from standard input: write the question out");
    }
    String text =
        fromInput
            ? new String(session.terminal().in().readAllBytes(), StandardCharsets.UTF_8).strip()
            : String.join(" ", words).strip();
    if (text.isEmpty()) {
      throw new CommandFailure(ExitCode.USAGE, "there is no question");
    }
    return text;
  }
}
