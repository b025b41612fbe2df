package io.ltri.benchmarks.plot;

import io.ltri.benchmarks.figure.LengthFigures;
import io.ltri.benchmarks.figure.MemoryUse;
import io.ltri.benchmarks.figure.Result;
import io.ltri.benchmarks.figure.SequencesFigures;
import io.ltri.benchmarks.figure.Spread;
import io.ltri.benchmarks.figure.StepProfile;
import io.ltri.benchmarks.figure.StepProfile.Part;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Draws results, several in one picture where they have different labels. Series are named by
 * system and label.
 */
public final class Plots {
  private static final int WIDTH = 900;
  private static final int HEIGHT = 560;
  private static final Color[] COLOURS = {
    new Color(0x1f6fb4),
    new Color(0xd9541e),
    new Color(0x2c8a4b),
    new Color(0x8250c4),
    new Color(0x8a6d1d),
    new Color(0xb03060),
    new Color(0x4a4a4a),
    new Color(0x17a2a2)
  };

  private final Path folder;
  private final List<Result> results;
  private final List<Path> written = new ArrayList<>();

  private Plots(Path folder, List<Result> results) {
    this.folder = folder;
    this.results = List.copyOf(results);
  }

  /**
   * Writes a PNG for every kind of figure that the results have.
   *
   * @return what was written
   * @throws IOException also if this system has no font to write with
   */
  public static List<Path> draw(Path folder, List<Result> results) throws IOException {
    Files.createDirectories(folder);
    Plots plots = new Plots(folder, results);
    try {
      plots.all();
    } catch (InternalError | RuntimeException e) {
      // What the JDK throws where there is no font configuration.
      throw new IOException(
          "no plots can be drawn here (" + e + "): install fontconfig and any font", e);
    }
    return List.copyOf(plots.written);
  }

  private void all() throws IOException {
    overLength(
        "decode",
        "Decoding: time per token, median of a round (line: median of the rounds; bars: their range)",
        "ms per token",
        LengthFigures::decodeP50Millis,
        true);
    overLength(
        "prefill",
        "Reading: tokens per second over the whole text",
        "tokens/s",
        LengthFigures::prefillTokensPerSecond,
        false);
    overLength(
        "first-token-cold",
        "First token of an answer about a text that has to be read",
        "seconds",
        figures -> scaled(figures.coldFirstTokenMillis(), 0.001),
        false);
    overLength(
        "first-token-warm",
        "First token of an answer about a text that was read",
        "ms",
        LengthFigures::warmFirstTokenMillis,
        false);
    memory();
    sequences();
    profile();
  }

  private static Spread scaled(Spread spread, double by) {
    return new Spread(spread.min() * by, spread.median() * by, spread.max() * by, spread.values());
  }

  private static String name(Result result, String system) {
    String label = result.made().label();
    return label.isEmpty() || !system.equals(Result.LTRI) ? system : system + ", " + label;
  }

  private static void style(Styler styler) {
    styler.setChartBackgroundColor(Color.WHITE);
    styler.setPlotBackgroundColor(Color.WHITE);
    styler.setLegendPosition(LegendPosition.OutsideS);
    styler.setLegendLayout(Styler.LegendLayout.Vertical);
    styler.setLegendBorderColor(Color.WHITE);
    styler.setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 14));
    styler.setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
    styler.setSeriesColors(COLOURS);
  }

  private static XYChart chart(String title, String x, String y) {
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(title)
            .xAxisTitle(x)
            .yAxisTitle(y)
            .build();
    style(chart.getStyler());
    chart.getStyler().setPlotGridLinesColor(new Color(0xdddddd));
    chart.getStyler().setPlotBorderColor(new Color(0x999999));
    return chart;
  }

  /** Lengths are powers of two, as a rule, and lie side by side. */
  private static void lengthsOn(XYChart chart) {
    chart
        .getStyler()
        .setxAxisTickLabelsFormattingFunction(
            power -> {
              long tokens = Math.round(Math.pow(2, power));
              if (Math.abs(power - Math.rint(power)) > 1e-6) {
                return "";
              }
              return tokens < 1024 ? Long.toString(tokens) : tokens / 1024 + "K";
            });
  }

  private static double log(double value) {
    return Math.log(value) / Math.log(2);
  }

  private static Spread log(Spread spread) {
    return new Spread(log(spread.min()), log(spread.median()), log(spread.max()), spread.values());
  }

  private void overLength(
      String name,
      String title,
      String unit,
      Function<LengthFigures, Spread> figure,
      boolean roofline)
      throws IOException {
    XYChart chart = chart(title, "tokens of text", unit);
    // The library's logarithmic axis does not go with labels of one's own.
    chart
        .getStyler()
        .setyAxisTickLabelsFormattingFunction(power -> Spread.shortNumber(Math.pow(2, power)));
    lengthsOn(chart);
    Map<String, TreeMap<Double, Spread>> series = new LinkedHashMap<>();
    Map<String, TreeMap<Double, Spread>> limits = new LinkedHashMap<>();
    for (Result result : results) {
      for (LengthFigures figures : result.lengths()) {
        String line = name(result, figures.system());
        put(series, line, log(figures.length()), log(figure.apply(figures)));
        if (roofline && figures.rooflineMillis() > 0) {
          put(
              limits,
              line + ", roofline",
              log(figures.length()),
              log(Spread.of(figures.rooflineMillis())));
        }
      }
    }
    if (series.isEmpty()) {
      return;
    }
    int colour = 0;
    for (Map.Entry<String, TreeMap<Double, Spread>> entry : series.entrySet()) {
      add(chart, entry.getKey(), entry.getValue(), colour++, false);
    }
    colour = 0;
    for (Map.Entry<String, TreeMap<Double, Spread>> entry : limits.entrySet()) {
      add(chart, entry.getKey(), entry.getValue(), colour++, true);
    }
    write(name, chart);
  }

  private static void put(
      Map<String, TreeMap<Double, Spread>> series, String name, double x, Spread value) {
    series.computeIfAbsent(name, key -> new TreeMap<>()).put(x, value);
  }

  private static void add(
      XYChart chart, String name, TreeMap<Double, Spread> points, int colour, boolean limit) {
    List<Double> x = List.copyOf(points.keySet());
    List<Double> y = points.values().stream().map(Spread::median).toList();
    boolean spreads = points.values().stream().anyMatch(spread -> spread.values() > 1);
    // The library has one error for both directions: the larger one.
    List<Double> errors =
        points.values().stream()
            .map(spread -> Math.max(spread.max() - spread.median(), spread.median() - spread.min()))
            .toList();
    XYSeries series = spreads ? chart.addSeries(name, x, y, errors) : chart.addSeries(name, x, y);
    Color ink = COLOURS[colour % COLOURS.length];
    series.setLineColor(ink);
    series.setMarkerColor(ink);
    series.setMarker(limit ? SeriesMarkers.NONE : SeriesMarkers.CIRCLE);
    series.setLineStyle(
        limit
            ? new BasicStroke(
                1.2f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER, 10, new float[] {6, 5}, 0)
            : new BasicStroke(2f));
  }

  private void memory() throws IOException {
    XYChart chart = chart("Resident memory", "tokens of text", "MiB");
    lengthsOn(chart);
    chart.getStyler().setYAxisMin(0.0);
    Map<String, TreeMap<Double, Spread>> series = new LinkedHashMap<>();
    for (Result result : results) {
      for (LengthFigures figures : result.lengths()) {
        for (MemoryUse use : figures.memory()) {
          String label = result.made().label();
          boolean plain = label.isEmpty() || !figures.system().equals(Result.LTRI);
          put(
              series,
              plain ? use.process() : use.process() + ", " + label,
              log(figures.length()),
              Spread.of(use.residentBytes() / (double) (1 << 20)));
        }
      }
    }
    if (series.isEmpty()) {
      return;
    }
    int colour = 0;
    for (Map.Entry<String, TreeMap<Double, Spread>> entry : series.entrySet()) {
      add(chart, entry.getKey(), entry.getValue(), colour++, false);
    }
    write("memory", chart);
  }

  private void sequences() throws IOException {
    XYChart chart =
        chart("Answers at once: tokens per second of all together", "answers", "tokens/s");
    chart.getStyler().setYAxisMin(0.0);
    Map<String, TreeMap<Double, Spread>> series = new LinkedHashMap<>();
    for (Result result : results) {
      for (SequencesFigures figures : result.sequences()) {
        put(series, name(result, Result.LTRI), figures.sequences(), figures.tokensPerSecond());
      }
    }
    if (series.isEmpty()) {
      return;
    }
    int colour = 0;
    for (Map.Entry<String, TreeMap<Double, Spread>> entry : series.entrySet()) {
      add(chart, entry.getKey(), entry.getValue(), colour++, false);
    }
    write("sequences", chart);
  }

  /** A bar for each text, of the parts of a step. */
  private void profile() throws IOException {
    List<String> bars = new ArrayList<>();
    List<StepProfile> profiles = new ArrayList<>();
    for (Result result : results) {
      for (StepProfile profile : result.profiles()) {
        String label = result.made().label();
        bars.add(
            String.format(
                Locale.ROOT, "%,d%s", profile.length(), label.isEmpty() ? "" : " " + label));
        profiles.add(profile);
      }
    }
    if (profiles.isEmpty()) {
      return;
    }
    List<String> names = largestParts(profiles);
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title("Where a decode step's time goes")
            .xAxisTitle("tokens of text")
            .yAxisTitle("ms per token")
            .build();
    style(chart.getStyler());
    chart.getStyler().setStacked(true);
    chart.getStyler().setAvailableSpaceFill(0.6);
    chart.getStyler().setLegendPosition(LegendPosition.OutsideE);
    chart.getStyler().setLegendLayout(Styler.LegendLayout.Vertical);
    for (String name : names) {
      chart.addSeries(name, bars, profiles.stream().map(profile -> millis(profile, name)).toList());
    }
    chart.addSeries(
        "everything else",
        bars,
        profiles.stream()
            .map(
                profile ->
                    Math.max(
                        0,
                        profile.stepMillis()
                            - names.stream().mapToDouble(name -> millis(profile, name)).sum()))
            .toList());
    write("step", chart);
  }

  /** As many as there are colours, less one for all others. */
  static List<String> largestParts(List<StepProfile> profiles) {
    return profiles.stream()
        .flatMap(profile -> profile.parts().stream())
        .sorted(Comparator.comparingDouble(Part::millis).reversed())
        .map(Part::name)
        .distinct()
        .limit(COLOURS.length - 1)
        .toList();
  }

  private static Double millis(StepProfile profile, String name) {
    return profile.parts().stream()
        .filter(part -> part.name().equals(name))
        .mapToDouble(Part::millis)
        .sum();
  }

  private void write(String name, Chart<?, ?> chart) throws IOException {
    Path file = folder.resolve(name + ".png");
    BitmapEncoder.saveBitmap(chart, file.toString(), BitmapFormat.PNG);
    written.add(file);
  }
}
