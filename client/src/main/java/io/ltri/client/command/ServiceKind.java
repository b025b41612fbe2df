package io.ltri.client.command;

import java.util.List;

/** The two services, in the order in which they start. */
enum ServiceKind {
  INDEX("index-service", "index", "io.ltri.index.IndexApplication", "LTRI_INDEX_", 7700, "-Xmx1g"),
  INFERENCE(
      "inference-service",
      "inference",
      "io.ltri.inference.InferenceApplication",
      "LTRI_INFERENCE_",
      7600,
      "-Xmx2g");

  /** As in lists, log names and the files of the folder {@code run}. */
  final String serviceName;

  /** Of the jars, in the folder of a build. */
  final String folder;

  final String mainClass;
  final String settingsPrefix;
  final int defaultPort;
  private final String heap;

  ServiceKind(
      String serviceName,
      String folder,
      String mainClass,
      String settingsPrefix,
      int defaultPort,
      String heap) {
    this.serviceName = serviceName;
    this.folder = folder;
    this.mainClass = mainClass;
    this.settingsPrefix = settingsPrefix;
    this.defaultPort = defaultPort;
    this.heap = heap;
  }

  String portSetting() {
    return settingsPrefix + "PORT";
  }

  String hostSetting() {
    return settingsPrefix + "HOST";
  }

  String javaOptionsSetting() {
    return settingsPrefix + "JAVA_OPTS";
  }

  List<String> javaOptions() {
    return List.of(
        heap,
        "-XX:+UseSerialGC",
        "--enable-native-access=ALL-UNNAMED",
        "--add-modules=jdk.incubator.vector",
        "--sun-misc-unsafe-memory-access=allow",
        // A service that ran out of memory answers nothing well; it is started again from the
        // index.
        "-XX:+ExitOnOutOfMemoryError");
  }
}
