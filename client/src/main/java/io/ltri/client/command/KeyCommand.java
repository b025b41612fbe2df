package io.ltri.client.command;

import io.ltri.edge.access.KeyFile;
import io.ltri.edge.access.TenantKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes the keys with which the index encrypts what it stores. */
@Command(
    description = {
      "Makes and lists the keys that documents are encrypted with; works on a file, and needs no service.",
      "",
      "The index encrypts new documents when LTRI_INDEX_KEYS names the file; a running one follows its",
      "changes. Without its key a document can never be read again: keep copies of the file, apart from the data."
    })
final class KeyCommand implements Runnable {
  private final Session session;

  @Option(
      names = "--file",
      paramLabel = "FILE",
      description = "The file. Default: LTRI_INDEX_KEYS, or the file keys in LTRI_HOME.")
  @Nullable Path file;

  KeyCommand(Session session) {
    this.session = session;
  }

  @Override
  public void run() {
    throw new CommandFailure(ExitCode.USAGE, "say what to do: key add or list");
  }

  @Command(
      description = {
        "Makes a key: new documents of the tenant are encrypted with it from now on.",
        "The tenant's keys from before stay in the file, for the documents that have them."
      })
  void add(
      @Parameters(paramLabel = "ID", description = "Unique in the file; documents name it.")
          String id,
      @Option(
              names = "--tenant",
              paramLabel = "TENANT",
              defaultValue = "*",
              description =
                  "Whose documents; '*' (default): of everybody who has no current key of their own.")
          String tenant) {
    try {
      KeyFile.add(file(), TenantKey.random(id, tenant));
    } catch (IOException | IllegalArgumentException e) {
      throw failure(e);
    }
  }

  @Command(description = "Lists the keys of the file; not themselves.")
  void list() {
    for (TenantKey key : read()) {
      session
          .terminal()
          .out()
          .printf("%-20s %-20s %s%n", key.id(), key.tenant(), key.current() ? "current" : "");
    }
    session.terminal().out().flush();
  }

  private Path file() {
    return file == null ? session.installation().keyFile() : file;
  }

  private List<TenantKey> read() {
    try {
      return Files.exists(file()) ? KeyFile.read(file()) : List.of();
    } catch (IOException | IllegalArgumentException e) {
      throw failure(e);
    }
  }

  private static CommandFailure failure(Exception e) {
    return new CommandFailure(
        ExitCode.BAD_INPUT, e.getMessage() == null ? e.toString() : e.getMessage());
  }
}
