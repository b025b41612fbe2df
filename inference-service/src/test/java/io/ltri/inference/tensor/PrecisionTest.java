package io.ltri.inference.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PrecisionTest {

  @ParameterizedTest
  @CsvSource({
    "AuthenticAMD, avx2, FP32",
    "AuthenticAMD, avx2 avx512f avx512_bf16, BF16",
    "GenuineIntel, avx2 avx512f avx512_bf16, FP32",
    "GenuineIntel, avx2 avx512f avx512_bf16 amx_bf16, BF16",
    "'', '', FP32"
  })
  void bestFollowsVendorAndFlags(String vendor, String flags, Precision expected) {
    CpuFeatures cpu =
        CpuFeatures.parse("processor : 0\nvendor_id\t: " + vendor + "\nflags\t\t: " + flags + "\n");
    assertThat(Precision.best(cpu)).isEqualTo(expected);
  }
}
