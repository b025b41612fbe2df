package io.ltri.inference.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ReferenceDecoderTest {

  @ParameterizedTest
  @MethodSource("io.ltri.inference.tensor.DecoderTest#shapes")
  void readableAndFastDecoderAgree(DecoderShape shape) {
    RandomModel model = RandomModel.of(shape, 101);
    int[] tokens = model.tokens(33, 102);
    DecoderSettings settings = new DecoderSettings("cpu", Precision.FP32, 1);
    try (ReferenceDecoder readable = new ReferenceDecoder(shape, model);
        Decoder fast = Decoder.load(shape, model, settings);
        FullAttention full = new FullAttention(fast, StorageType.FP32)) {
      float[] expected = readable.logits(tokens);
      float[] found = full.append(tokens);
      assertThat(found).hasSameSizeAs(expected);
      for (int i = 0; i < found.length; i++) {
        assertThat(Math.abs(found[i] - expected[i])).as("logit %d", i).isLessThan(1e-4f);
      }
      assertThat(readable.logits(tokens)).isEqualTo(expected);
    }
  }
}
