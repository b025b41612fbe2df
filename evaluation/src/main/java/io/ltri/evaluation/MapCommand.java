package io.ltri.evaluation;

import io.ltri.evaluation.report.LayerMap;
import io.ltri.evaluation.report.MapPicture;
import io.ltri.evaluation.text.Haystack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The attention map of a layer with its spans, and the lengths of all spans, for the report. */
@Command(
    name = "map",
    description =
        "Reads a text and keeps a piece of one layer's attention map with its spans, and how long all spans are,"
            + " for 'ltri eval report --map'.")
final class MapCommand implements Callable<Integer> {
  @Mixin RunOptions options = new RunOptions();

  @Option(names = "--layer", paramLabel = "N", description = "From 0. Default: 10.")
  int layer = 10;

  @Option(
      names = "--from",
      paramLabel = "N",
      description = "First token of the piece. Default: 600.")
  int from = 600;

  @Option(names = "--tokens", paramLabel = "N", description = "Of the piece. Default: 200.")
  int tokens = 200;

  @Option(
      names = "--text",
      paramLabel = "FILE",
      description = "What is read. Default: the first 3,000 words of the haystack.")
  @Nullable Path text;

  @Override
  public Integer call() throws IOException {
    options.policies = List.of("ltri");
    Path out = options.out == null ? Home.evaluation().resolve("map.json") : options.out;
    String document =
        text != null
            ? Files.readString(text)
            : Tasks.haystack(options).passage(0, 3000).sentences().stream()
                .map(Haystack.Sentence::text)
                .collect(Collectors.joining(" "));
    try (Measurement measurement = new Measurement(options)) {
      LayerMap map =
          MapPicture.of(
              measurement.lab(),
              measurement.variants().getFirst().settings().reading(),
              document,
              layer,
              from,
              tokens);
      map.write(out);
    }
    System.err.println("map: " + out.toAbsolutePath());
    return 0;
  }
}
