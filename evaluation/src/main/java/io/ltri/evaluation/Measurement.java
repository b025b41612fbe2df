package io.ltri.evaluation;

import io.ltri.evaluation.report.TextTable;
import io.ltri.evaluation.run.Lab;
import io.ltri.evaluation.run.ResultFile;
import io.ltri.evaluation.run.Row;
import io.ltri.evaluation.run.Runner;
import io.ltri.evaluation.run.Variant;
import io.ltri.evaluation.score.Score;
import io.ltri.inference.tensor.DecoderSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/** One run of a command: opens the model and the index, measures, prints. */
final class Measurement implements AutoCloseable {
  private final RunOptions options;
  private final List<Variant> variants;
  private final Path data;
  private final Lab lab;

  Measurement(RunOptions options) throws IOException {
    this.options = options;
    this.variants = options.variants();
    Set<String> names = new HashSet<>();
    for (Variant variant : variants) {
      if (!names.add(variant.name())) {
        throw new IllegalArgumentException(
            "two variants are called '" + variant.name() + "': give one another name");
      }
    }
    Path folder = Files.createDirectories(Home.evaluation());
    data = Files.createTempDirectory(folder, "index");
    DecoderSettings decoder = variants.getFirst().settings().decoder();
    // The jobs share the cores.
    DecoderSettings shared =
        options.jobs == 1
            ? decoder
            : new DecoderSettings(
                decoder.device(), decoder.precision(), 1, decoder.storedWeights(), 1);
    lab = new Lab(options.model == null ? Home.defaultModel() : options.model, shared, data);
  }

  Lab lab() {
    return lab;
  }

  List<Variant> variants() {
    return variants;
  }

  /**
   * Runs what is missing in the result file and prints the table of these variants.
   *
   * @return all rows of these samples and variants
   */
  List<Row> run(List<Runner.Work> works) throws IOException, InterruptedException {
    Path out = options.out == null ? Home.evaluation().resolve("results.jsonl") : options.out;
    System.err.printf(
        Locale.ROOT,
        "%d samples under %d variants; seeds from %d; rows in %s%n",
        works.size(),
        variants.size(),
        options.seed,
        out);
    try (ResultFile<Row> results = new ResultFile<>(out, Row.class)) {
      long start = System.nanoTime();
      new Runner(lab, variants, results, (sample, output) -> Score.of(sample, output).official())
          .run(
              works,
              options.jobs,
              (row, done, due) -> {
                double seconds = (System.nanoTime() - start) / 1e9;
                System.err.printf(
                    Locale.ROOT,
                    "%d/%d, %s left: %s %,d, sample %s, %s: %.0f %%%n",
                    done,
                    due,
                    duration(seconds / done * (due - done)),
                    row.task(),
                    row.length(),
                    row.sample(),
                    row.variant(),
                    100 * row.score());
              });
    }
    Set<String> keys = new HashSet<>();
    for (Runner.Work work : works) {
      for (Variant variant : variants) {
        keys.add(Row.key(work.task().name(), work.length(), work.id(), variant.name()));
      }
    }
    List<Row> rows =
        ResultFile.read(out, Row.class).stream().filter(row -> keys.contains(row.key())).toList();
    System.out.print(TextTable.of(rows));
    return rows;
  }

  static String duration(double seconds) {
    long whole = Math.round(seconds);
    return whole < 90
        ? whole + " s"
        : whole < 5400
            ? (whole + 30) / 60 + " min"
            : String.format(Locale.ROOT, "%.1f h", whole / 3600.0);
  }

  @Override
  public void close() throws IOException {
    lab.close();
    try (Stream<Path> files = Files.walk(data)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
