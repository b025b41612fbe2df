package io.ltri.allinone;

import io.ltri.index.IndexApplication;
import io.ltri.inference.InferenceApplication;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * Both services in one process. They are what they are in two, with settings, ports and files of
 * their own, but the inference service reaches the index without a network.
 *
 * <p>Arguments are those of both services. The one {@code --ltri.index-ready-file=FILE} is the
 * index service's {@code --ltri.ready-file=FILE}.
 */
public final class AllInOne {

  /** Under which the one finds the other in this process. */
  private static final String NAME = "ltri";

  private static final String READY_FILE = "--ltri.ready-file=";
  private static final String INDEX_READY_FILE = "--ltri.index-ready-file=";

  private AllInOne() {}

  public static void main(String[] arguments) {
    List<ConfigurableApplicationContext> services = new ArrayList<>();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(services), "stop"));
    InferenceApplication.prepare();
    add(
        services,
        IndexApplication.start(
            IndexApplication.builder().registerShutdownHook(false), ofIndex(arguments)));
    add(
        services,
        InferenceApplication.start(
            InferenceApplication.builder().registerShutdownHook(false), ofInference(arguments)));
  }

  private static void add(
      List<ConfigurableApplicationContext> services, ConfigurableApplicationContext service) {
    synchronized (services) {
      services.add(service);
    }
  }

  /** The one that uses the other first. */
  private static void stop(List<ConfigurableApplicationContext> services) {
    synchronized (services) {
      services.reversed().forEach(ConfigurableApplicationContext::close);
    }
  }

  private static String[] ofIndex(String[] arguments) {
    List<String> own = new ArrayList<>();
    own.add("--ltri.index.in-process=" + NAME);
    for (String argument : arguments) {
      if (argument.startsWith(INDEX_READY_FILE)) {
        own.add(READY_FILE + argument.substring(INDEX_READY_FILE.length()));
      } else if (!argument.startsWith(READY_FILE) && !argument.startsWith("--ltri.inference.")) {
        own.add(argument);
      }
    }
    return own.toArray(String[]::new);
  }

  private static String[] ofInference(String[] arguments) {
    List<String> own = new ArrayList<>(Arrays.asList(arguments));
    own.removeIf(
        argument -> argument.startsWith(INDEX_READY_FILE) || argument.startsWith("--ltri.index."));
    own.addFirst("--ltri.inference.index-in-process=" + NAME);
    return own.toArray(String[]::new);
  }
}
