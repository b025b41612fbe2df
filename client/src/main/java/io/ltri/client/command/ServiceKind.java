package io.ltri.client.command;

import java.util.ArrayList;
import java.util.List;

/** The two services, in the order in which they start. */
enum ServiceKind {
  INDEX(
      "index-service",
      "index",
      "io.ltri.index.IndexApplication",
      "LTRI_INDEX_",
      7700,
      "-Xmx1g",
      ServiceKind.VECTORS),
  INFERENCE(
      "inference-service",
      "inference",
      "io.ltri.inference.InferenceApplication",
      "LTRI_INFERENCE_",
      7600,
      "-Xmx2g");

  /** With a module that still incubates, the JVM does not link classes ahead of time. */
  private static final String VECTORS = "--add-modules=jdk.incubator.vector";

  private static final List<String> COMMON_JAVA_OPTIONS =
      List.of(
          "-XX:+UseSerialGC",
          "--enable-native-access=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow",
          // Only what is really hot is worth the optimizing compiler, which would otherwise take
          // most of the processor in the first ten seconds.
          "-XX:Tier4InvocationThreshold=50000",
          "-XX:Tier4MinInvocationThreshold=10000",
          "-XX:Tier4CompileThreshold=100000",
          "-XX:Tier4BackEdgeThreshold=400000",
          // A service that ran out of memory answers nothing well; it is started again from the
          // index.
          "-XX:+ExitOnOutOfMemoryError");

  /** As in lists, log names and the files of the folder {@code run}. */
  final String serviceName;

  /** Of the jars, in the folder of a build. */
  final String folder;

  final String mainClass;
  final String settingsPrefix;
  final int defaultPort;
  private final List<String> memoryAndModules;

  ServiceKind(
      String serviceName,
      String folder,
      String mainClass,
      String settingsPrefix,
      int defaultPort,
      String... memoryAndModules) {
    this.serviceName = serviceName;
    this.folder = folder;
    this.mainClass = mainClass;
    this.settingsPrefix = settingsPrefix;
    this.defaultPort = defaultPort;
    this.memoryAndModules = List.of(memoryAndModules);
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

  /** Of a process that is both. */
  static List<String> allJavaOptions() {
    return javaOptions(List.of("-Xmx3g", VECTORS));
  }

  List<String> javaOptions() {
    return javaOptions(memoryAndModules);
  }

  private static List<String> javaOptions(List<String> memoryAndModules) {
    List<String> options = new ArrayList<>(memoryAndModules);
    options.addAll(COMMON_JAVA_OPTIONS);
    return options;
  }
}
