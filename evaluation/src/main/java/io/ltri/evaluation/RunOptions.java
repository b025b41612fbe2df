package io.ltri.evaluation;

import io.ltri.evaluation.run.Variant;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What all runs share. */
final class RunOptions {
  @Option(
      names = "--model",
      paramLabel = "PATH",
      description = "GGUF file or folder with safetensors. Default: the default model.")
  @Nullable Path model;

  @Option(
      names = "--policies",
      split = ",",
      paramLabel = "P,...",
      description =
          "Policies with their default settings, for instance full,streaming,infllm,ltri.")
  List<String> policies = List.of("full", "streaming", "ltri");

  @Option(
      names = "--variant",
      paramLabel = "TEXT",
      description =
          "One more to compare, as 'NAME: POLICY setting=value ...', with the settings of the inference"
              + " service; any number of times. Readings are shared between variants that read alike.")
  List<String> variants = new ArrayList<>();

  @Option(
      names = "--set",
      paramLabel = "setting=value",
      description = "A setting for all variants, for instance budget-tokens=128.")
  Map<String, String> common = new LinkedHashMap<>();

  @Option(
      names = "--budgets",
      split = ",",
      paramLabel = "N,...",
      description = "Answering budgets; each policy that retrieves is run with each.")
  List<Integer> budgets = List.of();

  @Option(
      names = "--lengths",
      split = ",",
      paramLabel = "N,...",
      description = "Lengths in tokens, k for 1024. Default: 4k.",
      converter = Length.class)
  List<Integer> lengths = List.of(4096);

  @Option(names = "--samples", paramLabel = "N", description = "Per cell. Default: 5.")
  int samples = 5;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Of the first sample; the others follow. Default: 42.")
  long seed = 42;

  @Option(
      names = "--haystack",
      paramLabel = "FILE",
      description = "A natural text to hide needles in. Default: one that is fetched once.")
  @Nullable Path haystack;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description =
          "Rows of results, a line of JSON each; what is there already is not measured again."
              + " Default: results.jsonl in the folder evaluation of LTRI_HOME.")
  @Nullable Path out;

  @Option(
      names = "--jobs",
      paramLabel = "N",
      description = "Samples at the same time, each with a thread of the model's. Default: 1.")
  int jobs = 1;

  List<Variant> variants() {
    List<Variant> all = new ArrayList<>();
    for (String policy : policies) {
      Variant variant = Variant.parse(policy, common);
      boolean hasBudget = variant.settings().reading().policy().hasBudget();
      if (!hasBudget || budgets.isEmpty()) {
        all.add(variant);
        continue;
      }
      for (int budget : budgets) {
        all.add(variant.with(policy + " " + budget, "budget-tokens", Integer.toString(budget)));
      }
    }
    for (String text : variants) {
      all.add(Variant.parse(text, common));
    }
    return all;
  }

  /** Tokens: a number, or one with k. */
  static final class Length implements picocli.CommandLine.ITypeConverter<Integer> {
    @Override
    public Integer convert(String value) {
      boolean thousands = value.endsWith("k") || value.endsWith("K");
      int number = Integer.parseInt(thousands ? value.substring(0, value.length() - 1) : value);
      return thousands ? Math.multiplyExact(number, 1024) : number;
    }
  }
}
