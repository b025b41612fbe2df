package io.ltri.client.command;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What is asked about. */
final class DocumentOptions {
  @Option(
      names = {"-d", "--document"},
      paramLabel = "FILE|ID",
      description =
          "A text file (UTF-8), read once and reopened afterwards; or the id of a document; - for standard input.")
  @Nullable String document;

  @Option(
      names = "--title",
      paramLabel = "TEXT",
      description = "Title of the document in lists. Default: the file's name.")
  @Nullable String title;

  @Option(
      names = "--system",
      paramLabel = "TEXT",
      description =
          "System message: that under which the document is read, or without one that of the conversation."
              + " Default: the model's.")
  @Nullable String system;

  @Option(names = "--fresh", description = "Read the document again even if it is known.")
  boolean fresh;
}
