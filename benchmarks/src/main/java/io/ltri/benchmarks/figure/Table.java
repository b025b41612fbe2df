package io.ltri.benchmarks.figure;

import static io.ltri.benchmarks.figure.Spread.shortNumber;

import io.ltri.benchmarks.figure.Answering.Retrieval;
import io.ltri.benchmarks.figure.StepProfile.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A result as tables in Markdown. */
public final class Table {
  private static final double MIB = 1 << 20;

  private final StringBuilder text = new StringBuilder();

  private Table() {}

  public static String of(Result result) {
    Table table = new Table();
    table.lengths(result);
    table.against(result);
    table.memory(result);
    table.sequences(result);
    table.whileReading(result);
    result.profiles().forEach(table::profile);
    table.bandwidth(result);
    return table.text.toString();
  }

  private void head(String... columns) {
    row(columns);
    text.append("|---".repeat(columns.length)).append("|\n");
  }

  private void row(String... cells) {
    text.append("| ").append(String.join(" | ", cells)).append(" |\n");
  }

  private void end() {
    text.append('\n');
  }

  private static String count(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  private static String times(double value) {
    return shortNumber(value) + " x";
  }

  private void lengths(Result result) {
    if (result.lengths().isEmpty()) {
      return;
    }
    head(
        "text",
        "system",
        "prefill tokens/s",
        "at its end",
        "first token cold, s",
        "warm, ms",
        "decode p50, ms",
        "p99, ms",
        "x roofline",
        "KiB fetched/token",
        "from cache",
        "missed");
    for (LengthFigures figures : result.lengths()) {
      Reading last = figures.readings().getLast();
      Spread cold = figures.coldFirstTokenMillis();
      Retrieval retrieval = figures.retrieval();
      row(
          count(figures.length()),
          figures.system(),
          figures.prefillTokensPerSecond() + (last.estimated() ? " (estimated)" : ""),
          last.lastChunkTokensPerSecond() == 0 ? "" : shortNumber(last.lastChunkTokensPerSecond()),
          new Spread(cold.min() / 1000, cold.median() / 1000, cold.max() / 1000, cold.values())
              .toString(),
          figures.warmFirstTokenMillis().toString(),
          figures.decodeP50Millis().toString(),
          figures.decodeP99Millis().toString(),
          figures.rooflineMillis() == 0
              ? ""
              : shortNumber(figures.decodeP50Millis().median() / figures.rooflineMillis()),
          retrieval == null ? "" : shortNumber(retrieval.bytesFetchedPerToken() / 1024),
          retrieval == null
              ? ""
              : String.format(Locale.ROOT, "%.1f %%", 100 * retrieval.cacheHitRate()),
          retrieval == null ? "" : count(retrieval.lookupsMissed()));
    }
    end();
  }

  private void against(Result result) {
    for (String peer : result.peers()) {
      head("text", "decode against " + peer, "prefill", "prefill at its end");
      for (int length : result.measuredLengths()) {
        result
            .at(length, Result.LTRI)
            .ifPresent(
                ours ->
                    result
                        .at(length, peer)
                        .ifPresent(
                            theirs -> {
                              Spread decode = ours.decodeAgainst(theirs);
                              double end =
                                  ours.readings().getLast().lastChunkTokensPerSecond()
                                      / theirs.readings().getLast().lastChunkTokensPerSecond();
                              row(
                                  count(length),
                                  decode + " x",
                                  times(ours.prefillAgainst(theirs)),
                                  end > 0 && Double.isFinite(end) ? times(end) : "");
                            }));
      }
      end();
    }
  }

  private void memory(Result result) {
    List<LengthFigures> measured =
        result.lengths().stream().filter(figures -> !figures.memory().isEmpty()).toList();
    if (measured.isEmpty()) {
      return;
    }
    head("text", "process", "resident, MiB", "its own, MiB", "peak, MiB", "live heap, MiB");
    for (LengthFigures figures : measured) {
      for (MemoryUse use : figures.memory()) {
        row(
            count(figures.length()),
            use.process(),
            count(Math.round(use.residentBytes() / MIB)),
            count(Math.round(use.anonymousBytes() / MIB)),
            count(Math.round(use.peakBytes() / MIB)),
            use.liveHeapBytes() == 0 ? "" : shortNumber(use.liveHeapBytes() / MIB));
      }
    }
    end();
  }

  private void sequences(Result result) {
    if (result.sequences().isEmpty()) {
      return;
    }
    head("sequences", "text", "tokens/s together", "p50, ms", "p99, ms", "against one");
    SequencesFigures one = result.sequences().getFirst();
    for (SequencesFigures figures : result.sequences()) {
      row(
          count(figures.sequences()),
          count(figures.length()),
          figures.tokensPerSecond().toString(),
          figures.p50Millis().toString(),
          figures.p99Millis().toString(),
          one.sequences() == 1
              ? times(figures.tokensPerSecond().median() / one.tokensPerSecond().median())
              : "");
    }
    end();
  }

  private void whileReading(Result result) {
    for (WhileReadingFigures figures : result.whileReading()) {
      head("answer about", "meanwhile read", "p50, ms", "p99, ms", "most, ms", "tokens");
      row(
          count(figures.length()),
          "nothing",
          shortNumber(figures.aloneP50Millis()),
          shortNumber(figures.aloneP99Millis()),
          "",
          "");
      row(
          count(figures.length()),
          count(figures.readingLength())
              + " at "
              + shortNumber(figures.readingTokensPerSecond())
              + " tokens/s",
          shortNumber(figures.p50Millis()),
          shortNumber(figures.p99Millis())
              + " ("
              + times(figures.p99AgainstAloneP50())
              + " p50 alone)",
          shortNumber(figures.maxMillis()),
          count(figures.tokens()));
      end();
    }
  }

  private void profile(StepProfile profile) {
    text.append(
        String.format(
            Locale.ROOT,
            "A decode step over a text of %,d tokens: %s ms in the mean of %,d.%n%n",
            profile.length(),
            shortNumber(profile.stepMillis()),
            profile.steps()));
    head("part of a step", "ms", "share", "times");
    double rest = profile.stepMillis();
    for (Part part : profile.parts()) {
      part(part, profile.stepMillis());
      rest -= part.millis();
    }
    part(new Part("everything else", rest, 1), profile.stepMillis());
    end();
    if (!profile.layers().isEmpty()) {
      List<String> layers = new ArrayList<>();
      profile.layers().forEach(millis -> layers.add(shortNumber(millis)));
      text.append("By layer, ms: ").append(String.join(", ", layers)).append(".\n\n");
    }
    if (!profile.index().isEmpty()) {
      head("in the index service, per step", "ms", "share of the step", "times");
      profile.index().forEach(part -> part(part, profile.stepMillis()));
      end();
    }
  }

  private void part(Part part, double whole) {
    row(
        part.name(),
        shortNumber(part.millis()),
        String.format(Locale.ROOT, "%.0f %%", 100 * part.millis() / whole),
        shortNumber(part.times()));
  }

  private void bandwidth(Result result) {
    if (result.bandwidth().isEmpty()) {
      return;
    }
    head("reading memory", "threads", "GB/s");
    result
        .bandwidth()
        .forEach(
            each ->
                row(
                    each.when() + " the run",
                    count(each.threads()),
                    each.gigabytesPerSecond().toString()));
    end();
  }
}
