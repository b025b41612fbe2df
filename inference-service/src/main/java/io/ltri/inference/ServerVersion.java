package io.ltri.inference;

/** The version that the build wrote into the jar; "development" when run from classes. */
final class ServerVersion {
  static final String VERSION = read();

  private ServerVersion() {}

  private static String read() {
    String version = ServerVersion.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }
}
