package io.ltri.client.command;

import io.ltri.client.Document;
import io.ltri.client.LtriClient;
import io.ltri.client.command.ServiceState.Serving;
import java.io.PrintStream;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;

/** The documents that the model has read. */
@Command(
    description = {
      "Lists, shows and deletes documents; without a word: lists them.",
      "",
      "Asks the running services; starts none."
    })
final class DocumentsCommand implements Runnable {
  private static final DateTimeFormatter WHEN =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm", Locale.ROOT).withZone(ZoneId.systemDefault());

  private final Session session;

  @Option(
      names = "--server",
      paramLabel = "HOST:PORT",
      scope = ScopeType.INHERIT,
      description = "Ask this inference service instead of that of the data folder.")
  @Nullable String server;

  DocumentsCommand(Session session) {
    this.session = session;
  }

  @Override
  public void run() {
    list();
  }

  @Command(description = "Lists all documents, newest first.")
  void list() {
    try (LtriClient client = connect()) {
      List<Document> documents = client.documents();
      PrintStream out = session.terminal().out();
      if (documents.isEmpty()) {
        session.terminal().err().println("no documents");
      } else {
        int idWidth = documents.stream().mapToInt(d -> d.id().length()).max().orElse(2);
        String row = "%-" + Math.max(2, idWidth) + "s  %10s  %9s  %-16s  %s%n";
        out.printf(Locale.ROOT, row, "ID", "TOKENS", "SIZE", "READ", "TITLE");
        for (Document document : documents) {
          out.printf(
              Locale.ROOT,
              row,
              document.id(),
              String.format(Locale.ROOT, "%,d", document.tokens()),
              Figures.bytes(document.sizeBytes()),
              WHEN.format(document.createdAt()),
              document.title());
        }
      }
      out.flush();
    }
  }

  @Command(description = "Shows all that is known of a document.")
  void show(@Parameters(paramLabel = "ID", description = "The document.") String id) {
    try (LtriClient client = connect()) {
      Document document = client.document(id);
      PrintStream out = session.terminal().out();
      out.println("id           " + document.id());
      out.println("title        " + document.title());
      out.printf(Locale.ROOT, "tokens       %,d%n", document.tokens());
      out.println("text         " + Figures.bytes(document.textBytes()));
      out.println("size         " + Figures.bytes(document.sizeBytes()));
      out.printf(Locale.ROOT, "spans        %,d%n", document.spans());
      out.println("read         " + WHEN.format(document.createdAt()));
      out.println("read with    " + document.readWith());
      out.println("search mode  " + document.searchMode());
      out.println("digest       " + document.digest());
      new TreeMap<>(document.identity())
          .forEach((field, value) -> out.println("  " + field + " = " + value));
      out.flush();
    }
  }

  @Command(description = "Deletes documents and frees their space.")
  void delete(
      @Parameters(arity = "1..*", paramLabel = "ID", description = "The documents.")
          List<String> ids) {
    try (LtriClient client = connect()) {
      for (String id : ids) {
        long freed = client.delete(id);
        session.terminal().err().println("deleted " + id + ", " + Figures.bytes(freed) + " freed");
      }
    }
  }

  private LtriClient connect() {
    if (server != null) {
      return session.connector().apply(server);
    }
    if (session.services().state(ServiceKind.INFERENCE) instanceof Serving serving) {
      return session.connector().apply(serving.ready().address());
    }
    throw new CommandFailure(
        ExitCode.UNAVAILABLE,
        "no inference service is running for "
            + session.installation().home()
            + ": 'ltri serve' or 'ltri ask' starts it");
  }
}
