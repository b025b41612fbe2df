package io.ltri.inference.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LinearOperatorTest {

  @ParameterizedTest
  @CsvSource({
    "cpu, FP32, fpu sse2, PLAIN_FP32",
    "cpu, FP32, fpu avx2, PACKED_FP32",
    "cpu, BF16, avx2, PLAIN_BF16",
    "cpu, BF16, avx2 avx512bw avx512vl avx512_bf16, PACKED_BF16",
    "cpu, FP16, avx2 fma f16c, FP16_WEIGHTS",
    "cpu, FP16, avx2, PACKED_FP32",
    "cpu, INT8, avx2, INT8_WEIGHTS",
    "cpu, INT8, avx512_vnni, INT8_ROWS",
    "cuda, FP32, avx512_vnni, PLAIN_FP32",
    "cuda:1, BF16, avx512_vnni, PLAIN_BF16"
  })
  void operatorFollowsSettingsAndFlags(
      String device, Precision precision, String flags, LinearOperator expected) {
    CpuFeatures cpu = CpuFeatures.parse("processor : 0\nflags\t\t: " + flags + "\nbugs : none\n");
    assertThat(LinearOperator.of(new DecoderSettings(device, precision, 1), cpu))
        .isEqualTo(expected);
  }
}
