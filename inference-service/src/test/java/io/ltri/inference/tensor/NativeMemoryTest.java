package io.ltri.inference.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("slow")
class NativeMemoryTest {

  private static final Path STATUS = Path.of("/proc/self/status");

  /** Losing one residual stream of 256 KiB per step would make 75 MiB, one band 150 MiB. */
  @Test
  void threeHundredStepsLeaveNothingBehind() throws IOException {
    Assumptions.assumeTrue(Files.isReadable(STATUS), "needs /proc");
    DecoderShape shape = RandomModel.shape(2, 256, 4, 2, 64, 256, 512, false, false, false, true);
    RandomModel model = RandomModel.of(shape, 111);
    int[] tokens = model.tokens(256, 112);
    try (Decoder decoder =
            Decoder.load(shape, model, new DecoderSettings("cpu", Precision.FP32, 1));
        KvArena arena = decoder.newArena(512, StorageType.BF16)) {
      for (int i = 0; i < 60; i++) {
        step(decoder, arena, tokens);
      }
      long before = residentBytes();
      for (int i = 0; i < 300; i++) {
        step(decoder, arena, tokens);
      }
      long grown = residentBytes() - before;
      System.out.printf("300 steps: resident memory grew by %,d bytes%n", grown);
      assertThat(grown).isLessThan(50L << 20);
    }
  }

  private static void step(Decoder decoder, KvArena arena, int[] tokens) {
    try (Step step = decoder.begin(tokens)) {
      for (int layer = 0; layer < 2; layer++) {
        step.project(layer, arena, 256);
        step.lookupQueries(64, 300);
        step.attend(layer, arena, 0, 512, 512, 0);
      }
      step.logits();
    }
  }

  private static long residentBytes() throws IOException {
    return Files.readAllLines(STATUS).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElseThrow();
  }
}
