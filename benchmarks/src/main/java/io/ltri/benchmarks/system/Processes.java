package io.ltri.benchmarks.system;

import io.ltri.benchmarks.figure.MemoryUse;
import io.ltri.benchmarks.profile.Jcmd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Looks at processes from outside. */
final class Processes {
  private static final Pattern USED_KIB = Pattern.compile("\\bused (\\d+)K");
  private static final String METASPACE = "Metaspace";

  private Processes() {}

  /** Of a process on Linux, by what the kernel counts. */
  static MemoryUse memory(String name, long pid, long liveHeapBytes) throws IOException {
    List<String> lines = Files.readAllLines(Path.of("/proc", Long.toString(pid), "status"));
    return new MemoryUse(
        name,
        bytes(lines, "VmRSS:"),
        bytes(lines, "RssAnon:"),
        bytes(lines, "VmHWM:"),
        liveHeapBytes);
  }

  private static long bytes(List<String> lines, String name) {
    return lines.stream()
        .filter(line -> line.startsWith(name))
        .map(line -> line.replaceAll("\\D", ""))
        .mapToLong(kib -> 1024 * Long.parseLong(kib))
        .findFirst()
        .orElse(0);
  }

  /** What a JVM holds on its heap after a full collection. */
  static long liveHeapBytes(long pid) throws IOException, InterruptedException {
    String unused = Jcmd.run(pid, "GC.run");
    String info = Jcmd.run(pid, "GC.heap_info");
    int metaspace = info.indexOf(METASPACE);
    Matcher used = USED_KIB.matcher(metaspace < 0 ? info : info.substring(0, metaspace));
    long kib = 0;
    while (used.find()) {
      kib += Long.parseLong(used.group(1));
    }
    return 1024 * kib;
  }
}
