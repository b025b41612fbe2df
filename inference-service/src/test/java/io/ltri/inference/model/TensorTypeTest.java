package io.ltri.inference.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Against the gguf package: {@code src/test/python/tensor_types.py} makes the files. */
class TensorTypeTest {

  @ParameterizedTest
  @EnumSource
  void decodesToTheBitWhatGgufDequantises(TensorType type) throws IOException {
    MemorySegment blocks = read(type + ".blocks");
    float[] expected =
        read(type + ".f32")
            .toArray(ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN));
    assertThat(type.bytes(expected.length)).isEqualTo(blocks.byteSize());

    float[] actual = new float[expected.length];
    type.decode(blocks, 0, actual, 0, actual.length);

    assertThat(bits(actual)).isEqualTo(bits(expected));
    assertThat(expected).as("a golden file of zeros proves nothing").contains(expected[7]);
    assertThat(expected[7]).isNotZero();
  }

  @ParameterizedTest
  @EnumSource
  void decodesFromTheMiddleToTheMiddle(TensorType type) throws IOException {
    MemorySegment blocks = read(type + ".blocks");
    int elements = type.blockElements();
    float[] all = new float[3 * elements];
    type.decode(blocks, 0, all, 0, all.length);

    float[] part = new float[elements + 2];
    type.decode(blocks, 2L * type.blockBytes(), part, 1, elements);

    assertThat(part[0]).isZero();
    assertThat(part[elements + 1]).isZero();
    for (int i = 0; i < elements; i++) {
      assertThat(part[1 + i]).isEqualTo(all[2 * elements + i]);
    }
  }

  /** Codes, scales and minima stand for what is decoded, but for the rounding of their sum. */
  @ParameterizedTest
  @EnumSource(
      mode = Mode.EXCLUDE,
      names = {"F32", "F16", "BF16"})
  void groupsStandForWhatIsDecoded(TensorType type) throws IOException {
    MemorySegment blocks = read(type + ".blocks");
    int elements = (int) (blocks.byteSize() / type.blockBytes()) * type.blockElements();
    float[] decoded = new float[elements];
    type.decode(blocks, 0, decoded, 0, elements);
    byte[] codes = new byte[elements + 3];
    float[] scales = new float[elements / type.group() + 2];
    float[] minima = new float[scales.length];

    type.decodeGroups(blocks, 0, codes, 3, scales, minima, 2, elements);

    for (int i = 0; i < elements; i++) {
      int group = 2 + i / type.group();
      int code = codes[3 + i];
      assertThat(code).isBetween(type.codeBits() == 4 ? 0 : -128, type.codeBits() == 4 ? 15 : 127);
      double value = (double) scales[group] * code + minima[group];
      double size = Math.abs(scales[group]) * 256 + Math.abs(minima[group]);
      assertThat(value).isCloseTo(decoded[i], within(1e-7 * size));
    }
  }

  private static MemorySegment read(String name) throws IOException {
    return MemorySegment.ofArray(Files.readAllBytes(TestModels.resource("tensor-types/" + name)));
  }

  private static int[] bits(float[] values) {
    int[] result = new int[values.length];
    for (int i = 0; i < values.length; i++) {
      result[i] = Float.floatToRawIntBits(values[i]);
    }
    return result;
  }
}
