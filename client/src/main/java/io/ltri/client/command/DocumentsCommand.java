package io.ltri.client.command;

import io.ltri.client.DeletedDocument;
import io.ltri.client.Document;
import io.ltri.client.DocumentUpdate;
import io.ltri.client.Garbage;
import io.ltri.client.LtriClient;
import io.ltri.client.NewDocument;
import io.ltri.client.command.ServiceState.Serving;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;

/** The documents that the model has read. */
@Command(
    description = {
      "Lists and looks after documents; without a word: lists them.",
      "",
      "Asks the running services; starts none, but to read a text: add, append, rebuild."
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
    list(false);
  }

  @Command(description = "Lists all documents, newest first.")
  void list(
      @Option(
              names = {"-a", "--all"},
              description =
                  "Also conversations that are kept for their next turn, and what is damaged beyond use.")
          boolean all) {
    try (LtriClient client = connect()) {
      List<Document> documents = client.documents(all);
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
              document.title() + marks(document));
        }
      }
      out.flush();
    }
  }

  /** What a list should not hide, behind the title. */
  private static String marks(Document document) {
    StringBuilder marks = new StringBuilder();
    document.life().tags().forEach(tag -> marks.append(" #").append(tag));
    if (document.kind().equals("conversation")) {
      marks.append(" (conversation)");
    }
    if (document.life().pinned()) {
      marks.append(" (pinned)");
    }
    if (document.replicas() > 0) {
      marks.append(
          document.replicas() == 1 ? " (1 replica)" : " (" + document.replicas() + " replicas)");
    }
    document.life().expiresAt().ifPresent(end -> marks.append(" (until " + WHEN.format(end) + ")"));
    if (!document.life().faults().isEmpty()) {
      marks.append(" (DAMAGED)");
    }
    return marks.toString();
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
      document.life().lastUsedAt().ifPresent(at -> out.println("last used    " + WHEN.format(at)));
      document
          .life()
          .expiresAt()
          .ifPresent(
              at ->
                  out.println(
                      "expires      "
                          + WHEN.format(at)
                          + (document.life().extendWithUse() ? ", later with each use" : "")));
      if (document.life().pinned()) {
        out.println("pinned       never evicted");
      }
      if (!document.life().tags().isEmpty()) {
        out.println("tags         " + String.join(", ", document.life().tags()));
      }
      if (!document.parentId().isEmpty()) {
        out.println("continues    " + document.parentId());
      }
      if (!document.tenant().isEmpty()) {
        out.println("tenant       " + document.tenant());
      }
      if (document.replicas() > 0) {
        out.println(
            "replicas     "
                + document.replicas()
                + ", where the index is a cluster; one index node alone has one");
      }
      out.println("text kept    " + (document.textKept() ? "yes" : "no: it cannot be rebuilt"));
      document.life().faults().forEach(fault -> out.println("DAMAGED      " + fault));
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
        session
            .terminal()
            .err()
            .println(
                "deleted "
                    + id
                    + ", "
                    + (freed > 0
                        ? Figures.bytes(freed) + " freed"
                        : "nothing freed yet: other documents continue it, and its files go with the last of them"));
      }
    }
  }

  @Command(description = "Gives a document another title.")
  void rename(
      @Parameters(paramLabel = "ID", description = "The document.") String id,
      @Parameters(paramLabel = "TITLE", description = "Its title from now on.") String title) {
    change(id, DocumentUpdate.title(title));
  }

  @Command(description = "Adds tags to a document, or takes them away.")
  void tag(
      @Parameters(paramLabel = "ID", description = "The document.") String id,
      @Parameters(arity = "0..*", paramLabel = "TAG", description = "Tags to add.")
          List<String> add,
      @Option(names = "--remove", paramLabel = "TAG", description = "A tag to take away.")
          List<String> remove) {
    change(
        id,
        DocumentUpdate.tags(
            Set.copyOf(add == null ? List.of() : add),
            Set.copyOf(remove == null ? List.of() : remove)));
  }

  @Command(description = "Keeps a document from being evicted when room is needed.")
  void pin(@Parameters(paramLabel = "ID", description = "The document.") String id) {
    change(id, DocumentUpdate.pinned(true));
  }

  @Command(description = "Lets a document be evicted again.")
  void unpin(@Parameters(paramLabel = "ID", description = "The document.") String id) {
    change(id, DocumentUpdate.pinned(false));
  }

  @Command(description = "Sets the time after which a document is deleted.")
  void expire(
      @Parameters(paramLabel = "ID", description = "The document.") String id,
      @Parameters(paramLabel = "AFTER", description = "From now, as 90s, 30m, 12h or 7d; or never.")
          String after,
      @Option(names = "--with-use", description = "Each use puts the end off by as much again.")
          boolean withUse) {
    change(id, DocumentUpdate.expiry(LifeTime.parse(after), withUse));
  }

  @Command(description = "Makes a kept conversation a document like any other.")
  void promote(@Parameters(paramLabel = "ID", description = "The conversation.") String id) {
    change(id, DocumentUpdate.promotion());
  }

  private void change(String id, DocumentUpdate update) {
    try (LtriClient client = connect()) {
      Document document = client.update(id, update);
      session.terminal().err().println(document.id() + "  " + document.title() + marks(document));
    }
  }

  @Command(description = "Brings documents into the index's memory.")
  void prewarm(
      @Parameters(arity = "1..*", paramLabel = "ID", description = "The documents.")
          List<String> ids,
      @Option(
              names = "--blocks",
              description = "Also all keys and values, not only what look-ups read first.")
          boolean blocks) {
    try (LtriClient client = connect()) {
      for (String id : ids) {
        long bytes = client.prewarm(id, blocks);
        session.terminal().err().println(id + " is in memory, " + Figures.bytes(bytes));
      }
    }
  }

  @Command(
      description = {
        "Reads all bytes of documents and compares them with their checksums.",
        "",
        "Exit code 1 when something is wrong."
      })
  int verify(
      @Parameters(
              arity = "0..*",
              paramLabel = "ID",
              description = "The documents. Default: all there are.")
          List<String> ids) {
    try (LtriClient client = connect()) {
      List<String> wanted =
          ids == null || ids.isEmpty()
              ? client.documents(true).stream().map(Document::id).toList()
              : ids;
      int wrong = 0;
      for (String id : wanted) {
        long[] read = new long[1];
        List<String> faults = client.verify(id, (bytes, total) -> read[0] = bytes);
        session
            .terminal()
            .out()
            .println(
                id
                    + (faults.isEmpty()
                        ? "  sound, " + Figures.bytes(read[0])
                        : "  DAMAGED, " + faults.size() + " faults"));
        faults.forEach(fault -> session.terminal().out().println("  " + fault));
        wrong += faults.isEmpty() ? 0 : 1;
      }
      session.terminal().out().flush();
      return wrong == 0 ? ExitCode.OK : ExitCode.FAILED;
    }
  }

  @Command(description = "Writes a document, with those it continues, into one file.")
  void export(
      @Parameters(paramLabel = "ID", description = "The document.") String id,
      @Parameters(paramLabel = "FILE", description = "A new file.") Path file) {
    try (LtriClient client = connect()) {
      long bytes = DocumentFiles.export(client, id, file);
      session.terminal().err().println("wrote " + file + ", " + Figures.bytes(bytes));
    }
  }

  @Command(name = "import", description = "Takes exported documents in, under new ids.")
  void importFiles(
      @Parameters(arity = "1..*", paramLabel = "FILE", description = "Exported documents.")
          List<Path> files,
      @Option(names = "--tenant", paramLabel = "NAME", description = "Whose they are.")
          @Nullable String tenant)
      throws InterruptedException {
    try (LtriClient client = connect()) {
      for (Path file : files) {
        Document document = DocumentFiles.importFile(client, file, tenant == null ? "" : tenant);
        session.terminal().err().println("imported " + document.id() + "  " + document.title());
      }
    }
  }

  @Command(
      description = {
        "Exports all documents into a folder, while they are served.",
        "",
        "What is there from an earlier backup is not written again."
      })
  void backup(
      @Parameters(paramLabel = "FOLDER", description = "Made if it is not there.") Path folder) {
    try (LtriClient client = connect()) {
      DocumentFiles.Copied copied = DocumentFiles.backup(client, folder);
      session
          .terminal()
          .err()
          .printf(
              Locale.ROOT,
              "%d documents written to %s, %s; %d were there%n",
              copied.copied(),
              folder,
              Figures.bytes(copied.bytes()),
              copied.there());
    }
  }

  @Command(description = "Imports what a backup holds and is not there.")
  void restore(@Parameters(paramLabel = "FOLDER", description = "Of the backup.") Path folder)
      throws InterruptedException {
    try (LtriClient client = connect()) {
      DocumentFiles.Copied copied = DocumentFiles.restore(client, folder);
      session
          .terminal()
          .err()
          .printf(
              Locale.ROOT,
              "%d documents imported, %s; %d were there%n",
              copied.copied(),
              Figures.bytes(copied.bytes()),
              copied.there());
    }
  }

  @Command(
      description =
          "Removes what expired, readings that nobody went on with, and files that belong to nothing.")
  void gc() {
    try (LtriClient client = connect()) {
      Garbage garbage = client.collectGarbage();
      session
          .terminal()
          .err()
          .printf(
              Locale.ROOT,
              "%d expired documents, %d abandoned readings and %d orphan files removed, %s freed%n",
              garbage.expiredDocuments(),
              garbage.abandonedReadings(),
              garbage.orphanFiles(),
              Figures.bytes(garbage.freedBytes()));
    }
  }

  @Command(description = "Lists what was deleted, newest first.")
  void deleted() {
    try (LtriClient client = connect()) {
      PrintStream out = session.terminal().out();
      for (DeletedDocument deleted : client.deleted(0)) {
        out.printf(
            Locale.ROOT,
            "%s  %9s  %s  %s%n",
            deleted.id(),
            Figures.bytes(deleted.freedBytes()),
            WHEN.format(deleted.deletedAt()),
            deleted.reason());
      }
      out.flush();
    }
  }

  @Command(description = "Reads a text without asking anything. Starts the services if need be.")
  void add(
      @Mixin DocumentOptions document,
      @Mixin KeepingOptions keeping,
      @Option(names = "--policy", paramLabel = "POLICY", description = "As of ask.")
          @Nullable String policy,
      @Mixin ServiceOptions service)
      throws InterruptedException {
    if (!(session.subject(document).orElse(null) instanceof Session.Subject.Text text)) {
      throw new CommandFailure(ExitCode.USAGE, "name a text with --document");
    }
    try (LtriClient client = session.connect(server, service)) {
      NewDocument wanted =
          text.document().withPolicy(policy == null ? "" : policy).withKeeping(keeping.keeping());
      session.terminal().out().println(session.read(client, wanted, false));
      session.terminal().out().flush();
    }
  }

  @Command(
      description = {
        "Reads a text as the continuation of a document.",
        "",
        "The result is a new document that shares the old one's files; the old one stays as it is."
      })
  void append(
      @Parameters(paramLabel = "ID", description = "The document that is continued.") String id,
      @Mixin DocumentOptions document,
      @Mixin KeepingOptions keeping,
      @Mixin ServiceOptions service)
      throws InterruptedException {
    if (!(session.subject(document).orElse(null) instanceof Session.Subject.Text text)) {
      throw new CommandFailure(ExitCode.USAGE, "name the text that follows with --document");
    }
    try (LtriClient client = session.connect(server, service)) {
      NewDocument wanted = text.document().continuing(id).withKeeping(keeping.keeping());
      session.terminal().out().println(session.read(client, wanted, false));
      session.terminal().out().flush();
    }
  }

  @Command(
      description = {
        "Reads the kept text of documents again, by the running model and settings.",
        "",
        "For documents that no longer fit them; the new document takes the old one's place."
      })
  void rebuild(
      @Parameters(arity = "1..*", paramLabel = "ID", description = "The documents.")
          List<String> ids,
      @Mixin ServiceOptions service)
      throws InterruptedException {
    try (LtriClient client = session.connect(server, service)) {
      for (String id : ids) {
        session.terminal().out().println(session.read(client, NewDocument.rebuilding(id), false));
      }
      session.terminal().out().flush();
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
