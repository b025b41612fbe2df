package io.ltri.inference.http;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * What a request may ask of the server.
 *
 * @param maxBodyBytes of a request that is no file
 * @param maxUploadBytes of a file
 * @param maxPromptTokens that are read for one answer; 0: no limit
 * @param mostPages of a file
 * @param fileDeadline for a file to become text
 * @param patience with a client that sends or reads slowly
 * @param folder for files while they are received; absolute
 * @param loopback the server listens on this machine only
 * @param allowedHosts names under which browsers may reach the server, besides the machine's own
 */
public record HttpLimits(
    long maxBodyBytes,
    long maxUploadBytes,
    int maxPromptTokens,
    int mostPages,
    Duration fileDeadline,
    Duration patience,
    Path folder,
    boolean loopback,
    List<String> allowedHosts) {

  public HttpLimits {
    allowedHosts = List.copyOf(allowedHosts);
  }
}
