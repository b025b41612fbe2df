package io.ltri.client.command;

import io.ltri.edge.access.Scope;
import io.ltri.edge.access.Token;
import io.ltri.edge.access.TokenFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes and takes back what lets callers in. */
@Command(
    description = {
      "Makes, lists and revokes tokens; works on a file, and needs no service.",
      "",
      "A service asks for tokens when LTRI_INFERENCE_ACCESS_TOKENFILE (for the index:",
      "LTRI_INDEX_ACCESS_TOKENFILE) names the file; a running one follows its changes."
    })
final class TokenCommand implements Runnable {
  private final Session session;

  @Option(
      names = "--file",
      paramLabel = "FILE",
      description =
          "The file. Default: LTRI_INFERENCE_ACCESS_TOKENFILE, or the file tokens in LTRI_HOME.")
  @Nullable Path file;

  TokenCommand(Session session) {
    this.session = session;
  }

  @Override
  public void run() {
    throw new CommandFailure(ExitCode.USAGE, "say what to do: token add, list or revoke");
  }

  @Command(
      description = {
        "Makes a token and prints it, once: the file holds only its SHA-256.",
        "Keep it in a file that only you can read, and name that in LTRI_TOKENFILE."
      })
  void add(
      @Parameters(paramLabel = "NAME", description = "For people; unique in the file.") String name,
      @Option(
              names = "--tenant",
              paramLabel = "TENANT",
              required = true,
              description = "Whose documents it opens; '*': everybody's.")
          String tenant,
      @Option(
              names = "--scope",
              paramLabel = "reader|writer|admin",
              defaultValue = "writer",
              description =
                  "What it allows: to ask; to change documents, too; what concerns the whole service, too."
                      + " Default: writer.")
          String scope,
      @Option(
              names = "--expires",
              paramLabel = "AFTER",
              defaultValue = "never",
              description = "When it ends, as 12h or 90d. Default: never.")
          String expires) {
    Duration after = LifeTime.parse(expires);
    String secret = Token.random();
    change(
        before -> {
          if (before.stream().anyMatch(token -> token.name().equals(name))) {
            throw new CommandFailure(
                ExitCode.USAGE,
                "there is a token '" + name + "': revoke it, or choose another name");
          }
          List<Token> all = new ArrayList<>(before);
          all.add(
              new Token(
                  name,
                  Token.sha256(secret),
                  tenant,
                  EnumSet.of(Scope.of(scope)),
                  after.isZero() ? null : Instant.now().plus(after)));
          return all;
        });
    session.terminal().out().println(secret);
    session.terminal().out().flush();
  }

  @Command(description = "Lists the tokens of the file; not themselves, which nobody knows.")
  void list() {
    for (Token token : read()) {
      Instant expires = token.expires();
      String end =
          expires == null
              ? "never"
              : expires.isAfter(Instant.now()) ? expires.toString() : expires + " (expired)";
      session
          .terminal()
          .out()
          .printf(
              "%-20s %-20s %-14s %s%n", token.name(), token.tenant(), scopes(token.scopes()), end);
    }
    session.terminal().out().flush();
  }

  private static String scopes(Set<Scope> scopes) {
    return scopes.stream().sorted().map(Scope::toString).collect(Collectors.joining(","));
  }

  @Command(description = "Ends tokens: running services let nobody in with them any more.")
  void revoke(
      @Parameters(arity = "1..*", paramLabel = "NAME", description = "The tokens.")
          List<String> names) {
    change(
        before -> {
          for (String name : names) {
            if (before.stream().noneMatch(token -> token.name().equals(name))) {
              throw new CommandFailure(
                  ExitCode.USAGE, "there is no token '" + name + "' in " + file());
            }
          }
          return before.stream().filter(token -> !names.contains(token.name())).toList();
        });
  }

  private Path file() {
    return file == null ? session.installation().tokenFile() : file;
  }

  private List<Token> read() {
    try {
      return Files.exists(file()) ? TokenFile.read(file()) : List.of();
    } catch (IOException | IllegalArgumentException e) {
      throw failure(e);
    }
  }

  private void change(java.util.function.UnaryOperator<List<Token>> change) {
    try {
      TokenFile.change(file(), change);
    } catch (IOException | IllegalArgumentException e) {
      throw failure(e);
    }
  }

  private static CommandFailure failure(Exception e) {
    return new CommandFailure(
        ExitCode.BAD_INPUT, e.getMessage() == null ? e.toString() : e.getMessage());
  }
}
