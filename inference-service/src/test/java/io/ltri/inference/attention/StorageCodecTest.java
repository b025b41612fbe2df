package io.ltri.inference.attention;

import static org.assertj.core.api.Assertions.assertThat;

import io.ltri.inference.tensor.StorageType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StorageCodecTest {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 4, 5, 64, 67})
  void bfloat16IsTheUpperHalfOfEachElement(int count) {
    SplittableRandom random = new SplittableRandom(count);
    try (Arena arena = Arena.ofConfined()) {
      // Room on both sides that must stay as it is, and offsets that are aligned to nothing.
      MemorySegment floats = arena.allocate(4L * count + 16);
      MemorySegment bytes = arena.allocate(2L * count + 6);
      MemorySegment again = arena.allocate(4L * count + 16);
      for (int i = 0; i < count; i++) {
        floats.set(ValueLayout.JAVA_INT_UNALIGNED, 8 + 4L * i, random.nextInt() & 0xFFFF_0000);
      }
      StorageCodec.encode(StorageType.BF16, floats, 8, bytes, 2, count);
      for (int i = 0; i < count; i++) {
        int bits = floats.get(ValueLayout.JAVA_INT_UNALIGNED, 8 + 4L * i);
        assertThat(bytes.get(SHORT, 2 + 2L * i)).isEqualTo((short) (bits >>> 16));
      }
      assertThat(bytes.get(SHORT, 0)).isZero();
      assertThat(bytes.get(SHORT, 2 + 2L * count)).isZero();
      StorageCodec.decode(StorageType.BF16, bytes, 2, again, 8, count);
      assertThat(again.mismatch(floats)).isEqualTo(-1);
    }
  }
}
