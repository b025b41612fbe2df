package io.ltri.inference.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.inference.attention.RetrievalHeadList.Head;
import io.ltri.inference.tensor.DecoderSettings;
import io.ltri.inference.tensor.DecoderShape;
import io.ltri.inference.tensor.KvArena;
import io.ltri.inference.tensor.Precision;
import io.ltri.inference.tensor.Step;
import io.ltri.inference.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

class RetrievalHeadsTest {
  private static final DecoderSettings SETTINGS = new DecoderSettings("cpu", Precision.FP32, 1);

  @TempDir private Path folder = Path.of("");

  private static LanguageModel tiny() {
    return LanguageModel.open(Path.of("src/test/resources/models/tiny-llama"), SETTINGS);
  }

  /**
   * The decoder says, in its band, what all heads together look at; the watcher must see the same.
   */
  @Test
  void whatIsSeenIsWhatTheDecoderAttendsTo() {
    try (LanguageModel model = tiny()) {
      DecoderShape shape = model.decoder().shape();
      int[] tokens = new Random(3).ints(40, 0, shape.vocabulary()).toArray();
      double[][] seen = new double[shape.layers()][tokens.length];
      float[] next = {};
      try (WatchedSequence sequence = new WatchedSequence(model.decoder(), tokens.length)) {
        sequence.read(Arrays.copyOf(tokens, 30));
        for (int t = 30; t < tokens.length; t++) {
          boolean last = t == tokens.length - 1;
          next =
              sequence.watch(
                  tokens[t],
                  (layer, head, logits, count) -> {
                    double sum = 0;
                    for (int j = 0; j < count; j++) {
                      sum += Math.exp(logits[j]);
                    }
                    for (int j = 0; last && j < count; j++) {
                      seen[layer][j] += Math.exp(logits[j]) / sum / shape.queryHeads();
                    }
                  });
        }
      }
      List<KvArena> arenas = new ArrayList<>();
      try (Step step = model.decoder().begin(tokens)) {
        for (int l = 0; l < shape.layers(); l++) {
          KvArena arena = model.decoder().newArena(tokens.length, StorageType.BF16);
          arenas.add(arena);
          step.project(l, arena, 0);
          MemorySegment band =
              Objects.requireNonNull(step.attend(l, arena, 0, tokens.length, tokens.length, 0));
          for (int j = 0; j < tokens.length; j++) {
            int back = tokens.length - 1 - j;
            float expected =
                band.getAtIndex(
                    ValueLayout.JAVA_FLOAT, (long) (tokens.length - 1) * tokens.length + back);
            assertThat(Math.abs(seen[l][j] - expected)).isLessThan(1e-4);
          }
        }
        float[] expected = step.logits();
        for (int i = 0; i < expected.length; i++) {
          assertThat(Math.abs(next[i] - expected[i])).isLessThan(1e-3f);
        }
      } finally {
        arenas.forEach(KvArena::close);
      }
    }
  }

  @Test
  void aHeadScoresWhereItLooksAtTheTokenOfTheNeedleThatIsGenerated() {
    int[] prompt = {9, 5, 6, 7, 5, 9};
    // The needle is 5 6 7 5, at 1 to 4; the token 5 is generated.
    double[][] scores = new double[2][3];
    RetrievalHeads.credit(prompt, 1, 4, new int[][] {{1, 4, 2}, {0, 5, 3}}, 5, scores);
    assertThat(scores).isDeepEqualTo(new double[][] {{0.25, 0.25, 0}, {0, 0, 0}});
    RetrievalHeads.credit(prompt, 1, 4, new int[][] {{2, 4, 2}, {0, 0, 0}}, 6, scores);
    assertThat(scores).isDeepEqualTo(new double[][] {{0.5, 0.25, 0.25}, {0, 0, 0}});
    // The token 9 stands outside the needle only.
    RetrievalHeads.credit(prompt, 1, 4, new int[][] {{0, 5, 0}, {0, 5, 0}}, 9, scores);
    assertThat(scores).isDeepEqualTo(new double[][] {{0.5, 0.25, 0.25}, {0, 0, 0}});
  }

  @Test
  void theBestHeadsAreThoseThatScoreEnoughAndNoMoreThanTheirShare() {
    List<Double> weak = List.of(0.0, 0.09, 0.0, 0.05, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    List<Double> strong = List.of(0.2, 0.1, 0.9, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.3);
    assertThat(RetrievalHeads.best(List.of(weak))).isEmpty();
    assertThat(RetrievalHeads.best(List.of(weak, strong))).containsExactly(new Head(1, 2));
    assertThat(RetrievalHeads.best(List.of(weak, strong, weak, weak, strong, weak)))
        .containsExactly(new Head(1, 2), new Head(4, 2), new Head(1, 9));
  }

  @Test
  void aNeedleIsFoundByItsTokens() {
    assertThat(RetrievalHeads.find(new int[] {1, 2, 1, 2, 3}, new int[] {1, 2, 3})).isEqualTo(2);
    assertThat(RetrievalHeads.find(new int[] {1, 2, 3}, new int[] {2, 3})).isEqualTo(1);
    assertThat(RetrievalHeads.find(new int[] {1, 2}, new int[] {1, 2, 3})).isEqualTo(-1);
    assertThat(RetrievalHeads.find(new int[] {1, 2}, new int[0])).isEqualTo(-1);
  }

  @Test
  void aRandomModelAnswersNothingAndTheSameSeedGivesTheSameFile() throws Exception {
    try (LanguageModel model = tiny()) {
      DecoderShape shape = model.decoder().shape();
      HeadsFile first = RetrievalHeads.measure(model, 5, 3, 60, 120, done -> {});
      assertThat(first.json())
          .isEqualTo(RetrievalHeads.measure(model, 5, 3, 60, 120, d -> {}).json());
      assertThat(first.examples()).isEqualTo(3);
      assertThat(first.counted()).isZero();
      assertThat(first.retrievalHeads()).isEmpty();
      assertThat(first.scores()).hasSize(shape.layers());
      assertThat(first.scores().getFirst()).hasSize(shape.queryHeads()).containsOnly(0.0);
      Path file = folder.resolve("new folder/heads.json");
      first.write(file);
      assertThat(HeadsFile.read(file)).isEqualTo(first);
      first.requireModel(model.weightsDigest());
      assertThatThrownBy(() -> first.requireModel("another"))
          .hasMessageContaining("made with another model");
    }
  }

  @Test
  void aFileSaysWhatItIsAndIsReadAgain() throws Exception {
    HeadsFile heads =
        new HeadsFile(
            "as ever",
            "some",
            "abc",
            7,
            10,
            9,
            List.of(new Head(1, 2), new Head(0, 1)),
            List.of(List.of(0.0, 0.25), List.of(0.1, 0.1235)));
    Path file = folder.resolve("heads.json");
    heads.write(file);
    String text = Files.readString(file);
    assertThat(text).contains("\"retrieval-heads\" : [ \"1.2\", \"0.1\" ]").contains("as ever");
    assertThat(HeadsFile.read(file)).isEqualTo(heads);
    assertThat(HeadsFile.read(file).list().toString()).isEqualTo("0.1 1.2");
    Files.writeString(file, text.replace("1.2\"", "1-2\""));
    assertThatThrownBy(() -> HeadsFile.read(file))
        .hasMessageContaining("heads.json")
        .hasMessageContaining("LAYER.HEAD");
    Files.writeString(file, "{}");
    assertThatThrownBy(() -> HeadsFile.read(file)).hasMessageContaining("is not of format 1");
    Files.writeString(file, "{");
    assertThatThrownBy(() -> HeadsFile.read(file)).hasMessageContaining("is no JSON");
    assertThatThrownBy(() -> HeadsFile.read(folder.resolve("none")))
        .hasMessageContaining("cannot be read");
  }

  /** Few texts, for the time: the strongest heads show with them, as Wu et al. say. */
  @Test
  @Tag("slow")
  @EnabledIfEnvironmentVariable(named = "LTRI_TEST_MODEL", matches = ".+")
  void theStrongestHeadsOfTheDefaultModelAreTheSameWithAnotherSeed() {
    try (LanguageModel model =
        LanguageModel.open(Path.of(System.getenv("LTRI_TEST_MODEL")), SETTINGS)) {
      HeadsFile one = RetrievalHeads.measure(model, 1, 8, 300, 500, done -> {});
      HeadsFile two = RetrievalHeads.measure(model, 2, 8, 300, 500, done -> {});
      System.out.printf(
          "retrieval heads: %d of 8 %s, %d of 8 %s%n",
          one.counted(), one.retrievalHeads(), two.counted(), two.retrievalHeads());
      assertThat(one.counted()).isGreaterThanOrEqualTo(4);
      assertThat(two.counted()).isGreaterThanOrEqualTo(4);
      List<Head> best = one.retrievalHeads().stream().limit(5).toList();
      assertThat(best).hasSize(5);
      assertThat(two.retrievalHeads().stream().limit(8).filter(best::contains).count())
          .isGreaterThanOrEqualTo(4);
    }
  }
}
