package io.ltri.client.command;

import io.ltri.client.LtriClient;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * Both services in a data folder of their own, on free ports, started as the commands start them:
 * for programs that measure them. They end with this. One thread starts them; any may close.
 */
public final class ServicePair implements AutoCloseable {
  private final Installation installation;
  private final Services services;
  private final ServiceSettings settings;

  /**
   * A service that runs.
   *
   * @param address host:port
   */
  public record Running(long pid, String address) {}

  /**
   * Nothing is started yet.
   *
   * @param environment of the process; settings of the services in it hold
   * @param home their data folder, which is the caller's to delete; the native libraries of the
   *     environment's one are used
   * @param own settings that hold before those of the environment, by the names of their variables
   */
  public ServicePair(Map<String, String> environment, Path home, Map<String, String> own)
      throws IOException {
    Installation real = Installation.of(environment);
    installation = new Installation(home, real.build(), real.launcher(), environment);
    try {
      Files.createSymbolicLink(
          home.resolve("natives"), Files.createDirectories(real.home().resolve("natives")));
    } catch (FileAlreadyExistsException e) {
      // That of an earlier pair.
    }
    Map<String, String> options = new HashMap<>();
    for (ServiceKind kind : ServiceKind.values()) {
      options.put(kind.settingsPrefix + "DATA", home.toString());
      options.put(kind.portSetting(), "0");
      options.put(kind.settingsPrefix + "WATCH_PORT", "-1");
    }
    options.put(ServiceSettings.HTTP_PORT, "-1");
    options.putAll(own);
    settings = ServiceSettings.of(environment, options);
    services = new Services(installation, Terminal.ofProcess());
  }

  /**
   * Returns when both serve.
   *
   * @throws IllegalStateException if one does not start: its message says why
   */
  public void start() {
    try {
      String unused = services.ensureServing(settings);
    } catch (CommandFailure e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  public Running inference() {
    return running(ServiceKind.INFERENCE);
  }

  public Running index() {
    return running(ServiceKind.INDEX);
  }

  private Running running(ServiceKind kind) {
    if (services.state(kind) instanceof ServiceState.Serving serving) {
      return new Running(serving.handle().pid(), serving.ready().address());
    }
    throw new IllegalStateException(
        "the " + kind.serviceName + " has ended; its log is " + installation.log(kind));
  }

  /** A client of the inference service. */
  public LtriClient connect() {
    return LtriClient.builder()
        .address(inference().address())
        .access(installation.clientAccess())
        .build();
  }

  /** Ends both, also in the middle of their start. */
  @Override
  public void close() {
    services.abandon();
  }
}
