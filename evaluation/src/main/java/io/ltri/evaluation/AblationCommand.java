package io.ltri.evaluation;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What each part of the method is worth. */
@Command(
    name = "ablation",
    description = {
      "What each part of the method is worth: ltri with one switch thrown at a time, on the same samples.",
      "",
      "Switches of the look-up share one reading, so they cost little; those of reading need one each."
    })
final class AblationCommand implements Callable<Integer> {
  /** One reading serves them all. */
  static final List<String> LOOKUP =
      List.of(
          "one stage: ltri lookup.rescored=false",
          "stage one max: ltri lookup.stage-one=max",
          "heads max: ltri lookup.head-rule=max",
          "heads rank: ltri lookup.head-rule=rank",
          "background 10: ltri lookup.background=10",
          "neighbours .25: ltri lookup.neighbour-share=0.25",
          "pinned .5: ltri lookup.pinned-share=0.5",
          "mass .9: ltri lookup.mass-threshold=0.9",
          "every 4: ltri lookup.every=4",
          "lag 1: ltri lookup.lag=1",
          "own queries: ltri lookup.ahead-from=0",
          "first 4 layers seldom: ltri lookup.seldom-layers=4");

  static final List<String> READING =
      List.of(
          "nms: ltri segmenter=nms",
          "theta constant: ltri theta=constant",
          "span cost .25: ltri span-cost=0.25",
          "shared by 3 layers: ltri span-layer-group=3",
          "static vectors: ltri span-vectors=static",
          "voted vectors: ltri span-vectors=voted",
          "sub-means: ltri span-vectors=sub-means",
          "every key: ltri span-vectors=every-key",
          "memory .5: ltri reading-lookup.memory-decay=0.5",
          "fixed positions: ltri positions=fixed");

  private enum Parts {
    lookup,
    reading,
    all
  }

  @Mixin RunOptions options = new RunOptions();

  @Option(
      names = "--parts",
      paramLabel = "lookup|reading|all",
      description = "Which switches. Default: lookup.")
  Parts parts = Parts.lookup;

  @Option(
      names = "--tasks",
      split = ",",
      paramLabel = "T,...",
      description = "As of 'ltri eval ruler'. Default: niah_single_2,planted.")
  List<String> tasks = List.of("niah_single_2", "planted");

  @Override
  public Integer call() throws Exception {
    options.policies = List.of("ltri");
    if (parts != Parts.reading) {
      options.variants.addAll(LOOKUP);
    }
    if (parts != Parts.lookup) {
      options.variants.addAll(READING);
    }
    try (Measurement measurement = new Measurement(options)) {
      var unused = measurement.run(Tasks.of(options, measurement.lab()).works(options, tasks));
    }
    return 0;
  }
}
