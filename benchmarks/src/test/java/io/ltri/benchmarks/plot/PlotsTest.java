package io.ltri.benchmarks.plot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import io.ltri.benchmarks.figure.Answering;
import io.ltri.benchmarks.figure.Answering.Retrieval;
import io.ltri.benchmarks.figure.LengthFigures;
import io.ltri.benchmarks.figure.MemoryUse;
import io.ltri.benchmarks.figure.Reading;
import io.ltri.benchmarks.figure.Result;
import io.ltri.benchmarks.figure.Result.Bandwidth;
import io.ltri.benchmarks.figure.ResultFile;
import io.ltri.benchmarks.figure.SequencesFigures;
import io.ltri.benchmarks.figure.Spread;
import io.ltri.benchmarks.figure.StepProfile;
import io.ltri.benchmarks.figure.StepProfile.Part;
import io.ltri.benchmarks.figure.Table;
import io.ltri.benchmarks.figure.WhileReadingFigures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlotsTest {
  private static final List<Integer> LENGTHS = List.of(1024, 8192, 32768);

  @TempDir Path folder;

  private static LengthFigures figures(int length, String system, double millis) {
    return new LengthFigures(
        length,
        system,
        List.of(new Reading(length, length / 100.0, 10.0 * length, List.of(), 90, false)),
        List.of(
            new Answering(
                length + 20,
                250,
                new double[] {millis, millis + 1, 2 * millis},
                new Retrieval(4, 8, 0, 10, 30, 1 << 20, 2048)),
            new Answering(length + 20, 240, new double[] {millis + 3, millis + 3}, null)),
        List.of(new MemoryUse(system, 700L << 20, 600L << 20, 800L << 20, 30L << 20)),
        9);
  }

  static Result result(String label, double millis) {
    List<LengthFigures> lengths = new ArrayList<>();
    List<StepProfile> profiles = new ArrayList<>();
    for (int length : LENGTHS) {
      lengths.add(figures(length, Result.LTRI, millis));
      lengths.add(figures(length, "llama.cpp", length / 100.0));
      profiles.add(
          new StepProfile(
              length,
              30,
              millis,
              List.of(new Part("tensor: attend", millis / 2, 30), new Part("look-up", 5, 30)),
              List.of(1.0, 2.0),
              List.of(new Part("search", 4, 30)),
              Map.of("SpanSearch.search", 0.5),
              Map.of()));
    }
    return new Result(
        true,
        new Result.Made(
            label, "2026-01-01T00:00:00Z", 9, "", Map.of(), Map.of(), Map.of(), Map.of()),
        List.of(new Bandwidth("before", 2, 1 << 29, Spread.of(30, 31))),
        lengths,
        List.of(
            new SequencesFigures(1, 4096, Spread.of(10), Spread.of(100), Spread.of(120)),
            new SequencesFigures(4, 4096, Spread.of(25), Spread.of(160), Spread.of(190))),
        List.of(new WhileReadingFigures(4096, 32768, 100, 120, 300, 1900, 2000, 60, 80)),
        profiles);
  }

  @Test
  void noTwoPartsOfAStepHaveOneColour() {
    List<Part> parts = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      parts.add(new Part("part " + i, i, 30));
    }
    StepProfile profile =
        new StepProfile(1024, 30, 200, parts, List.of(1.0), List.of(), Map.of(), Map.of());
    assertThat(Plots.largestParts(List.of(profile, profile)))
        .containsExactly(
            "part 19", "part 18", "part 17", "part 16", "part 15", "part 14", "part 13");
  }

  @Test
  void everyKindOfFigureIsDrawnSmall() throws IOException {
    List<Path> drawn;
    try {
      drawn = Plots.draw(folder, List.of(result("before", 90), result("after", 60)));
    } catch (IOException e) {
      if (String.valueOf(e.getMessage()).contains("install fontconfig")
          && e.getCause() instanceof Error) {
        abort("this machine has no fonts");
      }
      throw e;
    }
    assertThat(drawn)
        .extracting(file -> String.valueOf(file.getFileName()))
        .containsExactly(
            "decode.png",
            "prefill.png",
            "first-token-cold.png",
            "first-token-warm.png",
            "memory.png",
            "sequences.png",
            "step.png");
    for (Path file : drawn) {
      assertThat(Files.size(file)).isLessThan(100_000);
      assertThat(ImageIO.read(file.toFile()).getWidth()).isEqualTo(900);
    }
  }

  @Test
  void whatIsWrittenIsReadAgain() throws IOException {
    Result result = result("before", 90);
    ResultFile.write(folder.resolve("a.json"), result);
    Result read = ResultFile.read(folder.resolve("a.json"));
    ResultFile.write(folder.resolve("b.json"), read);
    assertThat(folder.resolve("b.json")).hasSameTextualContentAs(folder.resolve("a.json"));
    assertThat(Table.of(read))
        .isEqualTo(Table.of(result))
        .contains("| 8,192 | ltri | 100 | ", "| 81.9 |", "| 75.0 % |")
        .contains("| text | decode against llama.cpp |")
        .contains("| 4 | 4,096 | 25.0 | 160 | 190 | 2.50 x |");
  }
}
