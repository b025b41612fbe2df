package io.ltri.benchmarks.figure;

import io.ltri.benchmarks.figure.Answering.Retrieval;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * What one system did with texts of one length.
 *
 * @param length of the text that was asked for, in tokens
 * @param system "ltri", or the name of a peer
 * @param answers one a round
 * @param rooflineMillis how long a decode step takes at least, by the bytes that it has to read; 0:
 *     not known
 */
public record LengthFigures(
    int length,
    String system,
    List<Reading> readings,
    List<Answering> answers,
    List<MemoryUse> memory,
    double rooflineMillis) {

  public LengthFigures {
    readings = List.copyOf(readings);
    answers = List.copyOf(answers);
    memory = List.copyOf(memory);
  }

  public Spread prefillTokensPerSecond() {
    return ofReadings(Reading::tokensPerSecond);
  }

  public Spread coldFirstTokenMillis() {
    return ofReadings(Reading::firstTokenMillis);
  }

  public Spread warmFirstTokenMillis() {
    return ofAnswers(Answering::firstTokenMillis);
  }

  /** Median of a round, over the rounds. */
  public Spread decodeP50Millis() {
    return ofAnswers(Answering::p50);
  }

  public Spread decodeP99Millis() {
    return ofAnswers(Answering::p99);
  }

  public @Nullable Retrieval retrieval() {
    Retrieval sum = null;
    for (Answering answer : answers) {
      Retrieval one = answer.retrieval();
      if (one != null) {
        sum = sum == null ? one : sum.plus(one);
      }
    }
    return sum;
  }

  private Spread ofReadings(ToDoubleFunction<Reading> figure) {
    return Spread.of(readings.stream().mapToDouble(figure).toArray());
  }

  private Spread ofAnswers(ToDoubleFunction<Answering> figure) {
    return Spread.of(answers.stream().mapToDouble(figure).toArray());
  }

  /**
   * The other's decode time in parts of this one's, round by round: more than 1 where this one is
   * faster.
   */
  public Spread decodeAgainst(LengthFigures other) {
    int rounds = Math.min(answers.size(), other.answers.size());
    double[] ratios = new double[rounds];
    for (int i = 0; i < rounds; i++) {
      ratios[i] = other.answers.get(i).p50() / answers.get(i).p50();
    }
    return Spread.of(ratios);
  }

  /** This one's prefill rate in parts of the other's. */
  public double prefillAgainst(LengthFigures other) {
    return prefillTokensPerSecond().median() / other.prefillTokensPerSecond().median();
  }
}
