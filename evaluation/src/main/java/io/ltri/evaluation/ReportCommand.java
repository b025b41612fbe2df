package io.ltri.evaluation;

import io.ltri.evaluation.report.LayerMap;
import io.ltri.evaluation.report.ReportPage;
import io.ltri.evaluation.report.TextTable;
import io.ltri.evaluation.run.ResultFile;
import io.ltri.evaluation.run.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A page of results. */
@Command(
    name = "report",
    description = {
      "One page of HTML from rows of results, which needs nothing else to be looked at.",
      "",
      "Scores with intervals, heat maps of needles, recall by layer, cost, and with --map the spans of a layer."
    })
final class ReportCommand implements Callable<Integer> {
  @Parameters(
      arity = "0..*",
      paramLabel = "FILE",
      description =
          "Rows of results. Default: results.jsonl in the folder evaluation of LTRI_HOME.")
  List<Path> files = new ArrayList<>();

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "The page. Default: report.html in that folder.")
  @Nullable Path out;

  @Option(names = "--map", paramLabel = "FILE", description = "What 'ltri eval map' wrote.")
  @Nullable Path map;

  @Option(
      names = "--reference",
      paramLabel = "VARIANT",
      description = "With which the others are compared. Default: full, or the first.")
  @Nullable String reference;

  @Option(
      names = "--fact",
      paramLabel = "NAME=TEXT",
      description = "What else is worth knowing of how the rows were made; any number of times.")
  Map<String, String> facts = new LinkedHashMap<>();

  @Override
  public Integer call() throws IOException {
    if (files.isEmpty()) {
      files.add(Home.evaluation().resolve("results.jsonl"));
    }
    List<Row> rows = new ArrayList<>();
    for (Path file : files) {
      if (!Files.exists(file)) {
        throw new IllegalArgumentException("there is no file " + file);
      }
      rows.addAll(ResultFile.read(file, Row.class));
    }
    Map<String, String> all = new LinkedHashMap<>();
    all.put("page made on", LocalDate.now(java.time.ZoneId.systemDefault()).toString());
    all.put("processor of this machine", processor());
    all.put("files", files.stream().map(Path::toString).collect(Collectors.joining(", ")));
    all.putAll(facts);
    Path page = out == null ? Home.evaluation().resolve("report.html") : out;
    Optional<LayerMap> picture = map == null ? Optional.empty() : Optional.of(LayerMap.read(map));
    ReportPage.write(rows, picture, all, Optional.ofNullable(reference), page);
    System.out.print(TextTable.of(rows, Optional.ofNullable(reference)));
    System.err.println("page: " + page.toAbsolutePath());
    return 0;
  }

  private static String processor() throws IOException {
    Path info = Path.of("/proc/cpuinfo");
    String cores = Runtime.getRuntime().availableProcessors() + " cores";
    if (!Files.exists(info)) {
      return cores;
    }
    try (Stream<String> lines = Files.lines(info)) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip() + ", " + cores)
          .findFirst()
          .orElse(cores);
    }
  }
}
