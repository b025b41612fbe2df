package io.ltri.client.command;

import io.ltri.client.NewDocument;
import picocli.CommandLine.Option;

/** How a document is kept. */
final class KeepingOptions {
  @Option(
      names = "--expire",
      paramLabel = "AFTER",
      description = "Delete the document after 90s, 30m, 12h, 7d. Default: never.")
  String expire = "never";

  @Option(names = "--with-use", description = "Each use puts that end off by as much again.")
  boolean withUse;

  @Option(
      names = "--forget-text",
      description = "Do not keep the text: the document cannot be rebuilt.")
  boolean forgetText;

  @Option(names = "--tenant", paramLabel = "NAME", description = "Whose document it is.")
  String tenant = "";

  @Option(
      names = "--replicas",
      paramLabel = "N",
      description =
          "Index nodes of a cluster that serve the document, 1 to 16. Default: as many as of every document.")
  int replicas;

  NewDocument.Keeping keeping() {
    return new NewDocument.Keeping(forgetText, tenant, LifeTime.parse(expire), withUse, replicas);
  }
}
