package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.ltri.client.Answer;
import io.ltri.client.CreatedDocument;
import io.ltri.client.LtriException;
import io.ltri.client.Message;
import io.ltri.client.NewDocument;
import io.ltri.client.Question;
import io.ltri.inference.attention.AnsweringSettings;
import io.ltri.inference.attention.Memories;
import io.ltri.inference.attention.PolicyName;
import io.ltri.inference.attention.ReadingSettings;
import io.ltri.inference.attention.SequenceMemory;
import io.ltri.inference.engine.ComputeThread;
import io.ltri.inference.engine.LanguageModel;
import io.ltri.inference.span.SpanSettings;
import io.ltri.inference.tensor.Step;
import io.ltri.inference.tensor.StorageType;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Reading and answering under every policy, over a tiny random model. */
@Tag("slow")
class PoliciesTest {

  @RegisterExtension static final LtriExtension LTRI = services();

  private static LtriExtension services() {
    return LtriExtension.withModel(
            Path.of("../inference-service/src/test/resources/models/tiny-llama"))
        .with("ltri.inference.precision", "fp32")
        .with("ltri.inference.threads", 1)
        .with("ltri.inference.sink-tokens", 8)
        .with("ltri.inference.window-tokens", 48)
        .with("ltri.inference.chunk-tokens", 32)
        .with("ltri.inference.reading-budget-tokens", 64)
        .with("ltri.inference.budget-tokens", 64)
        .with("ltri.inference.span-shortest", 4)
        .with("ltri.inference.span-longest", 16)
        .with("ltri.inference.span-uniform-tokens", 9);
  }

  private static String text(int words, long seed) {
    List<String> vocabulary =
        List.of(
            "the", "lamp", "keeper", "wrote", "again.", "Of", "ships", "and", "weather!", "sea");
    return new Random(seed)
        .ints(words, 0, vocabulary.size())
        .mapToObj(vocabulary::get)
        .collect(Collectors.joining(" "));
  }

  private static CreatedDocument read(LtriExtension ltri, String policy, long seed)
      throws InterruptedException {
    return ltri.client()
        .createDocument(NewDocument.of("a text", text(600, seed)).withPolicy(policy));
  }

  private static Answer ask(LtriExtension ltri, String documentId) throws InterruptedException {
    return ltri.client()
        .generate(
            Question.builder()
                .documentId(documentId)
                .message(Message.user("what did the keeper write?"))
                .maxTokens(12)
                .build());
  }

  @ParameterizedTest
  @EnumSource(PolicyName.class)
  void aDocumentIsReadAndAnsweredUnderEveryPolicy(PolicyName policy) throws InterruptedException {
    CreatedDocument created = read(LTRI, policy.toString(), 1);
    assertThat(created.read()).isTrue();
    assertThat(created.document().identity()).containsEntry("policy", policy.toString());
    assertThat(created.document().spans() > 0).isEqualTo(policy.usesIndex());
    assertThat(read(LTRI, policy.toString(), 1).read()).isFalse();

    Answer answer = ask(LTRI, created.document().id());
    assertThat(answer.figures().reusedTokens()).isEqualTo(created.document().tokens());
    assertThat(answer.figures().generatedTokens()).isPositive();
    assertThat(answer.figures().lookups() > 0).isEqualTo(policy.hasBudget());
    assertThat(answer.figures().lookupsMissed()).isZero();
    assertThat(ask(LTRI, created.document().id()).tokenIds()).isEqualTo(answer.tokenIds());
  }

  @Test
  void aSealedDocumentOfAnotherPolicyIsReopenedAfterARestart() throws InterruptedException {
    for (String policy : List.of("uniform", "em-llm")) {
      CreatedDocument created = read(LTRI, policy, 2);
      Answer first = ask(LTRI, created.document().id());
      LTRI.restart();
      Answer again = ask(LTRI, created.document().id());
      assertThat(again.tokenIds()).isEqualTo(first.tokenIds());
      assertThat(again.figures().reusedTokens()).isEqualTo(created.document().tokens());
      assertThat(read(LTRI, policy, 2).read()).isFalse();
    }
  }

  @Test
  void aDocumentIsNotAnsweredUnderAnotherPolicyOrOtherFigures() throws InterruptedException {
    CreatedDocument created = read(LTRI, "uniform", 3);
    assertThatThrownBy(
            () ->
                LTRI.client()
                    .generate(
                        Question.builder()
                            .documentId(created.document().id())
                            .policy("random")
                            .message(Message.user("what?"))
                            .build()))
        .isInstanceOf(LtriException.class)
        .hasMessageContaining("read under policy uniform");
    assertThatThrownBy(() -> read(LTRI, "infinite", 3))
        .isInstanceOf(LtriException.class)
        .hasMessageContaining("em-llm");
    LTRI.with("ltri.inference.span-uniform-tokens", 10).restart();
    try {
      assertThatThrownBy(() -> ask(LTRI, created.document().id()))
          .isInstanceOf(LtriException.class)
          .hasMessageContaining("span-uniform-tokens differs")
          .hasMessageContaining("read with 9");
    } finally {
      LTRI.with("ltri.inference.span-uniform-tokens", 9).restart();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "ltri.inference.segmenter, nms, segmenter",
    "ltri.inference.span-vectors, every-key, span-vectors",
    "ltri.inference.span-vectors, static, span-vectors",
    "ltri.inference.theta, constant, theta",
    "ltri.inference.span-layer-group, 2, span-layer-group"
  })
  void theMethodsSwitchesReadAndAnswerAndAreInTheIdentity(
      String setting, String value, String field) throws InterruptedException {
    LtriExtension ltri = services().with(setting, value);
    ltri.start();
    try {
      CreatedDocument created = read(ltri, "", 1);
      assertThat(created.document().identity()).containsEntry(field, value);
      Answer answer = ask(ltri, created.document().id());
      assertThat(answer.figures().lookups()).isPositive();
      assertThat(answer.figures().lookupsMissed()).isZero();
      assertThat(answer.figures().spansFetched()).isPositive();
    } finally {
      ltri.stop();
    }
  }

  @Test
  void aSettingThatCannotBeIsNamed() {
    LtriExtension ltri = services().with("ltri.inference.segmenter", "best");
    try {
      assertThatThrownBy(ltri::start)
          .rootCause()
          .hasMessageContaining("ltri.inference.segmenter is 'best'")
          .hasMessageContaining("dynamic-program, nms, uniform");
    } finally {
      ltri.stop();
    }
  }

  @Test
  void logProbabilitiesOfChunksAreThoseOfTokenByTokenPasses() {
    LanguageModel model = LTRI.inferenceBean(LanguageModel.class);
    Memories memories = LTRI.inferenceBean(Memories.class);
    ComputeThread compute = LTRI.inferenceBean(ComputeThread.class);
    ReadingSettings full =
        new ReadingSettings(
            PolicyName.FULL, 8, 48, 32, 0, 8, 8, SpanSettings.DEFAULT, StorageType.FP32);
    AnsweringSettings answering = new AnsweringSettings(0, Duration.ofSeconds(10), true);
    int[] text = Arrays.copyOf(model.tokenizer().encodeText(text(200, 3)), 100);
    float[] found = new float[99];
    float[] expected = new float[99];
    compute.run(
        () -> {
          try (SequenceMemory chunks = memories.fresh(full, answering);
              SequenceMemory tokens = memories.fresh(full, answering)) {
            for (int from = 0; from < text.length; from += 33) {
              int to = Math.min(text.length, from + 33);
              float[] part =
                  model.logProbabilities(
                      chunks, Arrays.copyOfRange(text, from, to), to < 100 ? text[to] : -1);
              assertThat(part).hasSize(to < 100 ? to - from : to - from - 1);
              System.arraycopy(part, 0, found, from, part.length);
            }
            for (int i = 0; i < 99; i++) {
              try (Step step = model.decoder().begin(new int[] {text[i]})) {
                tokens.forward(step);
                float[] logits = step.logits();
                double sum = 0;
                for (float logit : logits) {
                  sum += Math.exp(logit);
                }
                expected[i] = (float) (logits[text[i + 1]] - Math.log(sum));
              }
            }
          }
        });
    for (int i = 0; i < 99; i++) {
      assertThat(found[i]).as("token %d", i + 1).isCloseTo(expected[i], within(1e-4f));
    }
  }
}
