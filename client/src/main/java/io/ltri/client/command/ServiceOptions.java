package io.ltri.client.command;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Settings of the services; each also has an environment variable. */
final class ServiceOptions {
  @Option(
      names = "--model",
      paramLabel = "PATH|HUB",
      description =
          "Model file or folder, or its name at a hub (OWNER/NAME). Default: SmolLM2-135M-Instruct, fetched once."
              + " Variable LTRI_INFERENCE_MODEL.")
  @Nullable String model;

  @Option(
      names = "--device",
      paramLabel = "cpu|cuda",
      description = "Where the model computes. Default: cpu. Variable LTRI_INFERENCE_DEVICE.")
  @Nullable String device;

  @Option(
      names = "--precision",
      paramLabel = "auto|fp32|bf16|fp16|int8",
      description =
          "What the model computes in. Default: auto, by what the device can do."
              + " Variable LTRI_INFERENCE_PRECISION.")
  @Nullable String precision;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description =
          "Threads of the model. Default: chosen by the service. Variable LTRI_INFERENCE_THREADS.")
  @Nullable Integer threads;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description =
          "Port of the inference service; 0: any free one. Default: 7600. Variable LTRI_INFERENCE_PORT.")
  @Nullable Integer port;

  @Option(
      names = "--http-port",
      paramLabel = "PORT",
      description =
          "Port on which the inference service speaks HTTP; 0: any free one; -1: none. Default: 8080, or any free one if that is taken."
              + " Variable LTRI_INFERENCE_HTTP_PORT.")
  @Nullable Integer httpPort;

  @Option(
      names = "--index-port",
      paramLabel = "PORT",
      description =
          "Port of the index service; 0: any free one. Default: 7700. Variable LTRI_INDEX_PORT.")
  @Nullable Integer indexPort;

  @Option(
      names = "--index",
      paramLabel = "HOST:PORT",
      description =
          "Use this index service instead of starting one. Variable LTRI_INFERENCE_INDEX.")
  @Nullable String index;

  @Option(
      names = "--one-process",
      description =
          "Both services in one process: answers come quicker, and what ends one of them ends both."
              + " Variable LTRI_INFERENCE_INDEXINPROCESS.")
  boolean oneProcess;

  ServiceSettings settings(Map<String, String> environment) {
    Map<String, String> options = new LinkedHashMap<>();
    if (model != null) {
      options.put(ServiceSettings.MODEL, modelName(model));
    }
    put(options, "LTRI_INFERENCE_DEVICE", device);
    put(options, "LTRI_INFERENCE_PRECISION", precision);
    put(options, "LTRI_INFERENCE_THREADS", threads);
    put(options, ServiceKind.INFERENCE.portSetting(), port);
    put(options, ServiceSettings.HTTP_PORT, httpPort);
    put(options, ServiceKind.INDEX.portSetting(), indexPort);
    put(options, ServiceSettings.INDEX, index);
    ServiceSettings settings = ServiceSettings.of(environment, options);
    return oneProcess || settings.areInOneProcess() ? settings.inOneProcess() : settings;
  }

  private static void put(Map<String, String> options, String name, @Nullable Object value) {
    if (value != null) {
      options.put(name, value.toString());
    }
  }

  /** A path as seen from anywhere; the name at a hub as it is. */
  private static String modelName(String model) {
    Path path = Path.of(model);
    if (Files.exists(path)) {
      return path.toAbsolutePath().normalize().toString();
    }
    if (model.matches("[A-Za-z0-9][\\w.-]*/[A-Za-z0-9][\\w.-]*")
        && !model.endsWith(".gguf")
        && !model.endsWith(".safetensors")) {
      return model;
    }
    throw new CommandFailure(ExitCode.BAD_INPUT, "there is no model file or folder " + model);
  }
}
