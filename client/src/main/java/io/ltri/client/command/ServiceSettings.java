package io.ltri.client.command;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Settings of both services as their environment variables: those of the caller's environment, and
 * over them those given as options.
 *
 * @param values by the name of the variable; only what was given
 */
record ServiceSettings(Map<String, String> values) {
  static final String MODEL = "LTRI_INFERENCE_MODEL";
  static final String INDEX = "LTRI_INFERENCE_INDEX";

  /** Where the index listens beside its port, and where it is reached there. */
  static final String INDEX_SOCKET = "LTRI_INDEX_SOCKET";

  static final String SOCKET_OF_INDEX = "LTRI_INFERENCE_INDEXSOCKET";

  /** Under which name the index is found, where both run in one process. */
  static final String IN_PROCESS_OF_INDEX = "LTRI_INFERENCE_INDEXINPROCESS";

  static final String HTTP_PORT = "LTRI_INFERENCE_HTTP_PORT";
  static final String HTTP_HOST = "LTRI_INFERENCE_HTTP_HOST";

  /** Those that a person may name without meaning a change. */
  private static final Map<String, String> DEFAULTS =
      Map.of(
          "LTRI_INDEX_HOST",
          "127.0.0.1",
          "LTRI_INDEX_PORT",
          "7700",
          "LTRI_INFERENCE_HOST",
          "127.0.0.1",
          "LTRI_INFERENCE_PORT",
          "7600",
          HTTP_HOST,
          "127.0.0.1",
          HTTP_PORT,
          "8080",
          "LTRI_INFERENCE_DEVICE",
          "cpu",
          "LTRI_INFERENCE_PRECISION",
          "auto",
          "LTRI_INFERENCE_POLICY",
          "ltri");

  ServiceSettings {
    values = Map.copyOf(values);
  }

  static ServiceSettings of(Map<String, String> environment, Map<String, String> options) {
    Map<String, String> values = new TreeMap<>();
    environment.forEach(
        (name, value) -> {
          for (ServiceKind kind : ServiceKind.values()) {
            if (name.startsWith(kind.settingsPrefix) && !value.isEmpty()) {
              values.put(name, value);
            }
          }
        });
    values.putAll(options);
    return new ServiceSettings(values);
  }

  /** Both services are to run in one process. */
  ServiceSettings inOneProcess() {
    return with(IN_PROCESS_OF_INDEX, "ltri");
  }

  boolean areInOneProcess() {
    return values.containsKey(IN_PROCESS_OF_INDEX);
  }

  ServiceSettings with(String name, String value) {
    Map<String, String> changed = new TreeMap<>(values);
    changed.put(name, value);
    return new ServiceSettings(changed);
  }

  String get(String name) {
    return values.getOrDefault(name, DEFAULTS.getOrDefault(name, ""));
  }

  int port(ServiceKind kind) {
    String value = get(kind.portSetting());
    try {
      int port = Integer.parseInt(value);
      if (port >= 0 && port <= 65535) {
        return port;
      }
    } catch (NumberFormatException e) {
      // Reported with the name of the setting.
    }
    throw new CommandFailure(
        ExitCode.USAGE,
        kind.portSetting()
            + " is '"
            + value
            + "': a port is a number from 0 (any free one) to 65535");
  }

  /** Those of one service. */
  Map<String, String> of(ServiceKind kind) {
    Map<String, String> own = new TreeMap<>(values);
    own.keySet().removeIf(name -> !name.startsWith(kind.settingsPrefix));
    return own;
  }

  /**
   * What was asked for and is not what a running service was started with, a line each.
   *
   * @param running the settings with which it was started
   */
  List<String> differences(ServiceKind kind, Map<String, String> running) {
    List<String> lines = new ArrayList<>();
    of(kind)
        .forEach(
            (name, wanted) -> {
              if ((name.equals(kind.portSetting()) || name.equals(HTTP_PORT))
                  && wanted.equals("0")) {
                return;
              }
              String actual = running.getOrDefault(name, DEFAULTS.getOrDefault(name, ""));
              if (!actual.equals(wanted)) {
                lines.add(
                    name
                        + ": asked for "
                        + wanted
                        + ", running with "
                        + (actual.isEmpty() ? "the default" : actual));
              }
            });
    return lines;
  }
}
