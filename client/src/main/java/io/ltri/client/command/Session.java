package io.ltri.client.command;

import io.ltri.client.Answer;
import io.ltri.client.AnswerFigures;
import io.ltri.client.AnswerStream;
import io.ltri.client.AnswerText;
import io.ltri.client.CreatedDocument;
import io.ltri.client.LtriClient;
import io.ltri.client.NewDocument;
import io.ltri.client.Question;
import io.ltri.client.Reading;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What the commands share: the terminal, the interrupts, and the conversation with the inference
 * service.
 *
 * @param connector makes a client of an address
 */
record Session(
    Installation installation,
    Terminal terminal,
    Interrupts interrupts,
    Services services,
    Function<String, LtriClient> connector) {

  /** How long an index that is back is looked out for, and how often. */
  private static final Duration INDEX_PATIENCE = Duration.ofSeconds(40);

  private static final Duration INDEX_POLL = Duration.ofMillis(100);

  static Session ofProcess() {
    Terminal terminal = Terminal.ofProcess();
    Installation installation = Installation.of(System.getenv());
    return new Session(
        installation,
        terminal,
        new Interrupts(),
        new Services(installation, terminal),
        address ->
            LtriClient.builder().address(address).access(installation.clientAccess()).build());
  }

  /** A text to read, or a document that is known already. */
  sealed interface Subject {
    record Text(NewDocument document) implements Subject {}

    record Known(String id) implements Subject {}
  }

  /** Looks at what was named before anything is started for it. */
  Optional<Subject> subject(DocumentOptions options) {
    String name = options.document;
    if (name == null) {
      return Optional.empty();
    }
    if (name.equals("-")) {
      return Optional.of(text(NewDocument.of("standard input", terminal.in()), options));
    }
    Path file = Path.of(name);
    if (!Files.exists(file)) {
      if (name.indexOf('/') >= 0 || name.indexOf('.') >= 0) {
        throw new CommandFailure(ExitCode.BAD_INPUT, "there is no file " + name);
      }
      return Optional.of(new Subject.Known(name));
    }
    if (Files.isDirectory(file)) {
      throw new CommandFailure(ExitCode.BAD_INPUT, name + " is a folder: name a text file in it");
    }
    if (!Files.isReadable(file)) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT, name + " cannot be read: this user has no right to");
    }
    try {
      if (Files.isRegularFile(file) && Files.size(file) == 0) {
        throw new CommandFailure(
            ExitCode.BAD_INPUT, name + " is empty: there is nothing to read in it");
      }
    } catch (IOException e) {
      throw new CommandFailure(ExitCode.BAD_INPUT, name + " cannot be read: " + e.getMessage());
    }
    return Optional.of(text(NewDocument.of(file), options));
  }

  private static Subject text(NewDocument document, DocumentOptions options) {
    NewDocument titled = options.title == null ? document : document.withTitle(options.title);
    return new Subject.Text(
        titled.withSystem(options.system == null ? "" : options.system).withFresh(options.fresh));
  }

  /** A client of the services, which are started unless they run, or of another machine's. */
  LtriClient connect(@Nullable String server, ServiceOptions options) {
    if (server != null) {
      return connector.apply(server);
    }
    LtriClient client =
        connector.apply(services.ensureServing(options.settings(installation.environment())));
    if (services.hasBroughtIndexBack()) {
      awaitIndex(client);
    }
    return client;
  }

  /** Waits until the service has found the index that was started for it; not for ever. */
  private static void awaitIndex(LtriClient client) {
    long end = System.nanoTime() + INDEX_PATIENCE.toNanos();
    while (!client.server().reachesIndex() && System.nanoTime() < end) {
      try {
        Thread.sleep(INDEX_POLL);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  /**
   * Reads or finds the document.
   *
   * @param policy under which a text is read; empty for the services'
   * @return its id
   */
  String open(LtriClient client, Subject subject, String policy, boolean quiet)
      throws InterruptedException {
    return switch (subject) {
      case Subject.Known known -> client.document(known.id()).id();
      case Subject.Text text -> read(client, text.document().withPolicy(policy), quiet);
    };
  }

  /** Reads a text with a bar; returns what it became. */
  String read(LtriClient client, NewDocument document, boolean quiet) throws InterruptedException {
    ReadingBar bar = new ReadingBar(terminal, document.title());
    Reading reading =
        client.startReading(
            document,
            progress -> {
              if (!quiet) {
                bar.show(progress);
              }
            });
    CreatedDocument created;
    try (var registration = interrupts.onInterrupt(reading::cancel)) {
      created = reading.await();
    } finally {
      bar.clear();
    }
    if (!quiet) {
      double seconds = created.elapsed().toMillis() / 1000.0;
      long tokens = created.document().tokens();
      terminal
          .err()
          .println(
              created.read()
                  ? String.format(
                      Locale.ROOT,
                      "read %s: %,d tokens%s in %.1f s, %,.0f tokens/s; document %s",
                      created.document().title(),
                      tokens,
                      created.reusedTokens() > 0
                          ? String.format(Locale.ROOT, ", %,d not again,", created.reusedTokens())
                          : "",
                      seconds,
                      seconds > 0 ? (tokens - created.reusedTokens()) / seconds : 0,
                      created.document().id())
                  : String.format(
                      Locale.ROOT,
                      "reopened %s: %,d tokens, none read again; document %s",
                      created.document().title(),
                      tokens,
                      created.document().id()));
    }
    return created.document().id();
  }

  /** Streams the answer to standard output, and its figures to the error stream. */
  Answer answer(LtriClient client, Question question, boolean quiet) {
    StringBuilder text = new StringBuilder();
    List<Integer> tokenIds = new ArrayList<>();
    AnswerFigures figures = null;
    try (AnswerStream stream = client.stream(question);
        var registration = interrupts.onInterrupt(stream::close)) {
      while (stream.hasNext()) {
        switch (stream.next()) {
          case AnswerText piece -> {
            terminal.out().print(piece.text());
            terminal.out().flush();
            text.append(piece.text());
            tokenIds.addAll(piece.tokenIds());
          }
          case AnswerFigures end -> figures = end;
        }
      }
    } finally {
      terminal.out().println();
      terminal.out().flush();
    }
    if (figures == null) {
      throw new CommandFailure(ExitCode.FAILED, "the service ended the answer without its figures");
    }
    // They were asked for: quiet or not.
    Figures.sources(figures).forEach(terminal.err()::println);
    if (!quiet) {
      terminal.err().println(Figures.line(figures));
    }
    return new Answer(text.toString(), List.copyOf(tokenIds), List.of(), figures);
  }
}
