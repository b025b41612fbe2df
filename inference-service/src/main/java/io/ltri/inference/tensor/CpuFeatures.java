package io.ltri.inference.tensor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;

/** The flags line of the first processor. */
record CpuFeatures(Set<String> flags) {

  private static final Path CPUINFO = Path.of("/proc/cpuinfo");

  boolean has(String flag) {
    return flags.contains(flag);
  }

  /** Empty on systems without the file: callers then take what runs anywhere. */
  static CpuFeatures ofThisMachine() {
    if (!Files.isReadable(CPUINFO)) {
      return new CpuFeatures(Set.of());
    }
    try {
      return parse(Files.readString(CPUINFO));
    } catch (IOException e) {
      throw new UncheckedIOException("reading " + CPUINFO + " failed", e);
    }
  }

  static CpuFeatures parse(String cpuinfo) {
    return cpuinfo
        .lines()
        .filter(line -> line.startsWith("flags") || line.startsWith("Features"))
        .findFirst()
        .map(line -> line.substring(line.indexOf(':') + 1).strip().split("\\s+"))
        .map(words -> new CpuFeatures(Set.copyOf(Arrays.asList(words))))
        .orElseGet(() -> new CpuFeatures(Set.of()));
  }
}
