package io.ltri.client.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * What a service writes once it is serving.
 *
 * @param pid of the service
 * @param address host:port where it listens
 * @param version of the service
 * @param dataFolder where it keeps its files
 * @param http where it speaks HTTP; empty: nowhere
 */
record ReadyFile(long pid, String address, String version, String dataFolder, String http) {

  /** Empty when there is no such file, or it is not one of these. */
  static Optional<ReadyFile> read(Path file) {
    try {
      Map<String, String> fields = FlatJson.read(Files.readString(file));
      return Optional.of(
          new ReadyFile(
              Long.parseLong(fields.getOrDefault("pid", "")),
              fields.getOrDefault("address", ""),
              fields.getOrDefault("version", ""),
              fields.getOrDefault("data", ""),
              fields.getOrDefault("http", "")));
    } catch (IOException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
