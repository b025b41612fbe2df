package io.ltri.evaluation;

import io.ltri.evaluation.task.Sample;
import java.util.Locale;

final class Scoring {
  private Scoring() {}

  static double of(Sample sample, String output) {
    String said = output.toLowerCase(Locale.ROOT);
    long found =
        sample.references().stream().filter(r -> said.contains(r.toLowerCase(Locale.ROOT))).count();
    return (double) found / sample.references().size();
  }
}
