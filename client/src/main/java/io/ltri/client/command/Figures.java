package io.ltri.client.command;

import io.ltri.client.AnswerFigures;
import io.ltri.client.Source;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Numbers as people read them. */
final class Figures {
  private static final int SOURCE_CHARACTERS = 160;

  private Figures() {}

  /** The line under an answer. */
  static String line(AnswerFigures figures) {
    StringBuilder line = new StringBuilder();
    line.append(
        String.format(
            Locale.ROOT,
            "prompt %,d tokens, %,d reused; %,d spans fetched (%s); %,d of %,d look-ups missed; first token %,d ms;"
                + " %,d tokens",
            figures.promptTokens(),
            figures.reusedTokens(),
            figures.spansFetched(),
            bytes(figures.bytesFetched()),
            figures.lookupsMissed(),
            figures.lookups(),
            figures.firstToken().toMillis(),
            figures.generatedTokens()));
    double rate = figures.tokensPerSecond();
    if (rate > 0) {
      line.append(String.format(Locale.ROOT, " at %.1f tokens/s", rate));
    }
    switch (figures.finishReason()) {
      case LENGTH -> line.append("; cut at the most tokens allowed (--max-tokens)");
      case DEADLINE -> line.append("; cut at the deadline (--deadline)");
      case STOP, OTHER -> {}
    }
    if (!figures.keepProblem().isEmpty()) {
      line.append("; the conversation could not be kept: ").append(figures.keepProblem());
    }
    if (figures.lookupsMissed() > 0 && !figures.firstMiss().isEmpty()) {
      line.append("; first miss: ").append(figures.firstMiss());
    }
    if (figures.blocksDamaged() > 0) {
      line.append(String.format(Locale.ROOT, "; %,d damaged blocks", figures.blocksDamaged()));
    }
    if (figures.spansLost() > 0) {
      line.append(String.format(Locale.ROOT, "; %,d spans lost", figures.spansLost()));
    }
    if (figures.recomputedTokens() > 0) {
      line.append(
          String.format(
              Locale.ROOT,
              "; %,d tokens computed again without the index",
              figures.recomputedTokens()));
    }
    if (!figures.reuseMissed().isEmpty()) {
      line.append("; known documents were not looked for: ").append(figures.reuseMissed());
    }
    return line.toString();
  }

  /** A line for each source. */
  static List<String> sources(AnswerFigures figures) {
    List<String> lines = new ArrayList<>();
    for (Source source : figures.sources()) {
      lines.add(
          String.format(
              Locale.ROOT,
              "source %d: %stokens %,d to %,d, weight %.0f %%, %.2f %% of the attention: %s",
              lines.size() + 1,
              source.page() == 0 ? "" : "page " + source.page() + ", ",
              source.start(),
              source.end() - 1,
              100 * source.weight(),
              100 * source.attention(),
              oneLine(source.text())));
    }
    return lines;
  }

  private static String oneLine(String text) {
    String line = text.strip().replaceAll("\\s+", " ");
    int end = Math.min(line.length(), SOURCE_CHARACTERS);
    return end == line.length() ? line : line.substring(0, end).strip() + " ...";
  }

  static String bytes(long count) {
    if (count < 1000) {
      return count + " B";
    }
    double value = count;
    String[] units = {"kB", "MB", "GB", "TB"};
    int unit = -1;
    do {
      value /= 1000;
      unit++;
    } while (value >= 999.95 && unit < units.length - 1);
    return String.format(Locale.ROOT, "%.1f %s", value, units[unit]);
  }
}
