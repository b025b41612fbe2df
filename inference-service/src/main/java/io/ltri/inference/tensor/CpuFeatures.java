package io.ltri.inference.tensor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;

/**
 * What the first processor says of itself.
 *
 * @param vendor empty where it does not say
 */
record CpuFeatures(String vendor, Set<String> flags) {

  private static final CpuFeatures UNKNOWN = new CpuFeatures("", Set.of());
  private static final Path CPUINFO = Path.of("/proc/cpuinfo");

  boolean has(String flag) {
    return flags.contains(flag);
  }

  /** Nothing on systems without the file: callers then take what runs anywhere. */
  static CpuFeatures ofThisMachine() {
    if (!Files.isReadable(CPUINFO)) {
      return UNKNOWN;
    }
    try {
      return parse(Files.readString(CPUINFO));
    } catch (IOException e) {
      throw new UncheckedIOException("reading " + CPUINFO + " failed", e);
    }
  }

  static CpuFeatures parse(String cpuinfo) {
    String flags = value(cpuinfo, "flags").or(() -> value(cpuinfo, "Features")).orElse("");
    return new CpuFeatures(
        value(cpuinfo, "vendor_id").orElse(""),
        flags.isEmpty() ? Set.of() : Set.copyOf(Arrays.asList(flags.split("\\s+"))));
  }

  private static Optional<String> value(String cpuinfo, String name) {
    return cpuinfo
        .lines()
        .filter(line -> line.startsWith(name))
        .findFirst()
        .map(line -> line.substring(line.indexOf(':') + 1).strip());
  }
}
