package io.ltri.evaluation;

import io.ltri.evaluation.run.Perplexity;
import io.ltri.evaluation.run.ResultFile;
import io.ltri.evaluation.run.Stretch;
import io.ltri.evaluation.run.Variant;
import io.ltri.evaluation.text.Haystack;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How well the policies foretell natural text. */
@Command(
    name = "perplexity",
    description = {
      "How well natural text is foretold while it is read, by stretches of it.",
      "",
      "The samples are passages of the haystack, evenly spread; the reading budget is what is retrieved."
    })
final class PerplexityCommand implements Callable<Integer> {
  @Mixin RunOptions options = new RunOptions();

  @Option(
      names = "--stretch",
      paramLabel = "N",
      description = "Tokens of a stretch. Default: 2048.")
  int stretch = 2048;

  @Override
  public Integer call() throws IOException {
    Path out = options.out == null ? Home.evaluation().resolve("perplexity.jsonl") : options.out;
    try (Measurement measurement = new Measurement(options);
        ResultFile<Stretch> results = new ResultFile<>(out, Stretch.class)) {
      String text =
          Tasks.haystack(options).sentences().stream()
              .map(Haystack.Sentence::text)
              .collect(Collectors.joining(" "));
      int[] all = measurement.lab().model().tokenizer().encodeText(text);
      int[] prefix = measurement.lab().model().documentPrefix("");
      Perplexity perplexity = new Perplexity(measurement.lab(), stretch);
      for (int length : options.lengths) {
        if (length > all.length) {
          throw new IllegalArgumentException(
              "--lengths has %d, but the text has %d tokens".formatted(length, all.length));
        }
        for (int passage = 0; passage < options.samples; passage++) {
          int from =
              Math.toIntExact(
                  (long) (all.length - length) * passage / Math.max(1, options.samples));
          int[] tokens = Arrays.copyOf(prefix, length);
          System.arraycopy(all, from, tokens, prefix.length, length - prefix.length);
          for (Variant variant : measurement.variants()) {
            // The last stretch is written last.
            String lastKey =
                new Stretch(
                        passage,
                        length,
                        variant.name(),
                        Map.of(),
                        (length - 1) / stretch * stretch,
                        0,
                        0)
                    .key();
            if (results.has(lastKey, variant.changes())) {
              continue;
            }
            long start = System.nanoTime();
            List<Stretch> found = perplexity.of(variant, tokens, passage);
            found.forEach(results::add);
            System.err.printf(
                Locale.ROOT,
                "passage %d of %,d tokens, %s: %s (%.0f s)%n",
                passage,
                length,
                variant.name(),
                found.stream()
                    .map(s -> String.format(Locale.ROOT, "%.2f", Math.exp(s.loss())))
                    .collect(Collectors.joining(" ")),
                (System.nanoTime() - start) / 1e9);
          }
        }
      }
    }
    System.out.print(table(ResultFile.read(out, Stretch.class)));
    return 0;
  }

  /** Perplexity by stretch, over all passages of a length. */
  static String table(List<Stretch> stretches) {
    Map<String, Map<Integer, double[]>> sums = new LinkedHashMap<>();
    for (Stretch each : stretches) {
      double[] sum =
          sums.computeIfAbsent(
                  String.format(Locale.ROOT, "%,d tokens, %s", each.length(), each.variant()),
                  name -> new TreeMap<>())
              .computeIfAbsent(each.start(), start -> new double[2]);
      sum[0] += each.loss() * each.tokens();
      sum[1] += each.tokens();
    }
    StringBuilder text = new StringBuilder();
    sums.forEach(
        (name, byStart) -> {
          text.append(String.format(Locale.ROOT, "%-40s", name));
          byStart.forEach(
              (start, sum) ->
                  text.append(
                      String.format(Locale.ROOT, " %,d: %.2f", start, Math.exp(sum[0] / sum[1]))));
          text.append(System.lineSeparator());
        });
    return text.toString();
  }
}
