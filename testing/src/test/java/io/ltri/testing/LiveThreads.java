package io.ltri.testing;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The threads of this process, virtual ones too, counted by name without its numbers. */
final class LiveThreads {
  private static final Pattern THREAD = Pattern.compile("^#\\d+ \"(.*)\"( virtual)?.*$");

  private LiveThreads() {}

  /** By kind and name. Carriers of virtual threads come and go, and are left out. */
  static Map<String, Integer> count() {
    try {
      Path folder = Files.createTempDirectory("ltri-threads-");
      Path dump = folder.resolve("dump");
      com.sun.management.HotSpotDiagnosticMXBean bean =
          ManagementFactory.getPlatformMXBean(com.sun.management.HotSpotDiagnosticMXBean.class);
      bean.dumpThreads(
          dump.toString(), com.sun.management.HotSpotDiagnosticMXBean.ThreadDumpFormat.TEXT_PLAIN);
      Map<String, Integer> counts = new TreeMap<>();
      for (String line : Files.readAllLines(dump)) {
        Matcher thread = THREAD.matcher(line);
        if (thread.matches() && !thread.group(1).startsWith("ForkJoinPool")) {
          String name = thread.group(1).replaceAll("\\d+", "N");
          counts.merge((thread.group(2) == null ? "" : "virtual ") + name, 1, Integer::sum);
        }
      }
      Files.delete(dump);
      Files.delete(folder);
      return counts;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
