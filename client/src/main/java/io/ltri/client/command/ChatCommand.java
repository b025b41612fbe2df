package io.ltri.client.command;

import io.ltri.client.Answer;
import io.ltri.client.LtriClient;
import io.ltri.client.LtriException;
import io.ltri.client.Message;
import java.io.BufferedReader;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A conversation. */
@Command(
    description = {
      "Holds a conversation, over a document if one is given.",
      "",
      "/new forgets the conversation, /quit or the end of input leaves."
    })
final class ChatCommand implements Callable<Integer> {
  /** So long the next turn finds what was said, without reading it again. */
  private static final Duration KEEP = Duration.ofHours(1);

  private final Session session;

  @Mixin DocumentOptions document = new DocumentOptions();
  @Mixin AnswerOptions answer = new AnswerOptions();

  @Option(
      names = {"-q", "--quiet"},
      description = "Only the answers: no progress, no prompts, no figures.")
  boolean quiet;

  @Option(
      names = "--server",
      paramLabel = "HOST:PORT",
      description = "Talk to this inference service; start none.")
  @Nullable String server;

  @Mixin ServiceOptions service = new ServiceOptions();

  ChatCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    answer.question();
    if ("-".equals(document.document)) {
      throw new CommandFailure(
          ExitCode.USAGE,
          "a chat reads standard input itself: the document must be a file or an id");
    }
    Optional<Session.Subject> subject = session.subject(document);
    try (LtriClient client = session.connect(server, service);
        var registration = session.interrupts().onInterrupt(client::close)) {
      String documentId =
          subject.isPresent() ? session.open(client, subject.get(), answer.policy, quiet) : "";
      converse(client, documentId);
    }
    return ExitCode.OK;
  }

  private void converse(LtriClient client, String documentId) throws IOException {
    List<Message> beginning =
        documentId.isEmpty() && document.system != null
            ? List.of(Message.system(document.system))
            : List.of();
    List<Message> turns = new ArrayList<>(beginning);
    BufferedReader lines = session.terminal().lines();
    while (true) {
      if (!quiet) {
        session.terminal().err().print("> ");
        session.terminal().err().flush();
      }
      String line = lines.readLine();
      if (line == null) {
        return;
      }
      switch (line.strip()) {
        case "" -> {}
        case "/quit", "/exit" -> {
          return;
        }
        case "/new" -> {
          turns.clear();
          turns.addAll(beginning);
        }
        default -> {
          if (line.startsWith("/")) {
            session.terminal().err().println("there are /new and /quit");
          } else {
            turn(client, documentId, turns, line);
          }
        }
      }
    }
  }

  private void turn(LtriClient client, String documentId, List<Message> turns, String line) {
    turns.add(Message.user(line));
    try {
      Answer said =
          session.answer(
              client,
              answer
                  .question()
                  .documentId(documentId)
                  .policy(answer.policy)
                  .keep(KEEP)
                  .messages(turns)
                  .build(),
              quiet);
      turns.add(Message.assistant(said.text()));
    } catch (LtriException e) {
      switch (e.code()) {
        case UNAVAILABLE, CANCELLED, NOT_FOUND -> throw e;
        default -> {
          // The conversation stands as it was; the next line may do better.
          turns.removeLast();
          session.terminal().err().println("ltri: " + e.getMessage());
        }
      }
    }
  }
}
