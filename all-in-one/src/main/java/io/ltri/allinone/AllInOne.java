package io.ltri.allinone;

import io.ltri.index.IndexApplication;
import io.ltri.inference.InferenceApplication;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
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
    List<ConfigurableApplicationContext> services = new CopyOnWriteArrayList<>();
    // Spring's own would end the index first, which the other one still uses.
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> services.reversed().forEach(ConfigurableApplicationContext::close), "stop"));
    InferenceApplication.prepare();
    Stream<String> ofIndex =
        Arrays.stream(arguments)
            .filter(argument -> !argument.startsWith(READY_FILE))
            .map(
                argument ->
                    argument.startsWith(INDEX_READY_FILE)
                        ? READY_FILE + argument.substring(INDEX_READY_FILE.length())
                        : argument);
    services.add(
        IndexApplication.start(
            IndexApplication.builder().registerShutdownHook(false),
            with(ofIndex, "--ltri.index.in-process=" + NAME)));
    services.add(
        InferenceApplication.start(
            InferenceApplication.builder().registerShutdownHook(false),
            with(Arrays.stream(arguments), "--ltri.inference.index-in-process=" + NAME)));
  }

  private static String[] with(Stream<String> arguments, String another) {
    return Stream.concat(arguments, Stream.of(another)).toArray(String[]::new);
  }
}
