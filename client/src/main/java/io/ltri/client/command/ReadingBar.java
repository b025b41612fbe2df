package io.ltri.client.command;

import io.ltri.client.ReadingProgress;
import java.time.Duration;
import java.util.Locale;

/**
 * Shows how far reading has come: one line drawn again and again on a terminal, else a line at each
 * tenth or every ten seconds. Called by one thread at a time.
 */
final class ReadingBar {
  private static final int BAR_CELLS = 24;
  private static final Duration LINE_EVERY = Duration.ofSeconds(10);

  private final Terminal terminal;
  private final String title;
  private int drawnLength;
  private int tenth;
  private Duration lastLine = Duration.ZERO;

  ReadingBar(Terminal terminal, String title) {
    this.terminal = terminal;
    this.title = title.length() > 24 ? title.substring(0, 23) + "…" : title;
  }

  void show(ReadingProgress progress) {
    if (terminal.interactive()) {
      draw(line(progress));
      return;
    }
    int nowTenth = (int) (fraction(progress) * 10);
    if (nowTenth > tenth || progress.elapsed().minus(lastLine).compareTo(LINE_EVERY) >= 0) {
      tenth = Math.max(tenth, nowTenth);
      lastLine = progress.elapsed();
      terminal.err().println(line(progress));
    }
  }

  /** Takes the bar away, so that the next line begins on a clean one. */
  void clear() {
    if (drawnLength > 0) {
      terminal.err().print("\r" + " ".repeat(drawnLength) + "\r");
      terminal.err().flush();
      drawnLength = 0;
    }
  }

  private void draw(String line) {
    String fitting =
        line.length() < terminal.columns() ? line : line.substring(0, terminal.columns() - 1);
    int blank = Math.max(0, drawnLength - fitting.length());
    terminal.err().print("\r" + fitting + " ".repeat(blank));
    terminal.err().flush();
    drawnLength = fitting.length();
  }

  private static double fraction(ReadingProgress progress) {
    return progress.totalTextBytes() <= 0
        ? 0
        : Math.min(1, (double) progress.textBytes() / progress.totalTextBytes());
  }

  private String line(ReadingProgress progress) {
    double seconds = progress.elapsed().toMillis() / 1000.0;
    double done = fraction(progress);
    String name = "reading " + title + " ";
    StringBuilder rest = new StringBuilder();
    if (progress.totalTextBytes() > 0) {
      rest.append(String.format(Locale.ROOT, "%d %%, ", (int) (done * 100)));
    }
    rest.append(String.format(Locale.ROOT, "%,d tokens", progress.tokens()));
    if (seconds > 0) {
      rest.append(String.format(Locale.ROOT, ", %,.0f tokens/s", progress.tokens() / seconds));
      if (done > 0 && done < 1) {
        rest.append(", ").append(remaining(seconds * (1 - done) / done)).append(" left");
      }
    }
    int room = terminal.columns() - name.length() - rest.length() - 4;
    int cells = Math.min(BAR_CELLS, room);
    if (!terminal.interactive() || progress.totalTextBytes() <= 0 || cells < 4) {
      return name + rest;
    }
    int full = (int) (done * cells);
    return name + "[" + "#".repeat(full) + ".".repeat(cells - full) + "] " + rest;
  }

  static String remaining(double seconds) {
    long whole = (long) Math.ceil(seconds);
    if (whole < 60) {
      return whole + " s";
    }
    return whole < 3600
        ? String.format(Locale.ROOT, "%d:%02d min", whole / 60, whole % 60)
        : String.format(Locale.ROOT, "%d:%02d h", whole / 3600, whole / 60 % 60);
  }
}
