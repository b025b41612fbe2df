package io.ltri.inference.model;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsFileTest {

  private static final Path FILE = Path.of("folder", "model.safetensors");

  private static Map<String, MappedTensor> read(byte[] bytes) {
    return SafetensorsFile.read(new MappedFile(FILE, MemorySegment.ofArray(bytes)));
  }

  private static byte[] file(String header, int dataBytes) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    return file(text.length, text, dataBytes);
  }

  private static byte[] file(long length, byte[] header, int dataBytes) {
    ByteBuffer result =
        ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
    return result.putLong(length).put(header).array();
  }

  @Test
  void readsHeaderOfAnyAlignment() {
    Map<String, MappedTensor> tensors =
        read(
            file(
                """
                {"__metadata__":{"format":"pt"},
                 "b":{"dtype":"F32","shape":[2,1],"data_offsets":[2,10]},
                 "a":{"dtype":"BF16","shape":[],"data_offsets":[0,2]},
                 "empty":{"dtype":"F16","shape":[0,4],"data_offsets":[10,10]},
                 "strange":{"dtype":"I64","shape":[1],"data_offsets":[10,18]}}""",
                18));
    assertThat(tensors).containsOnlyKeys("a", "b", "empty", "strange");
    assertThat(requireNonNull(tensors.get("b")).shape()).containsExactly(2, 1);
    assertThat(requireNonNull(tensors.get("b")).data().byteSize()).isEqualTo(8);
    assertThat(requireNonNull(tensors.get("a")).type()).isEqualTo(TensorType.BF16);
    assertThat(requireNonNull(tensors.get("strange")).type()).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          header          | is no valid JSON     | {"t":
          header          | is no JSON object    | [1, 2]
          t               | is no object         | {"t": 3}
          t.shape         | is missing           | {"t": {"dtype": "F32", "data_offsets": [0, 8]}}
          t.shape         | is no list           | {"t": {"dtype": "F32", "shape": 2, "data_offsets": [0, 8]}}
          t.shape         | is no integer        | {"t": {"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]}}
          t.shape         | is impossible        | {"t": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}
          t.shape         | is impossible        | {"t": {"dtype": "F32", "shape": [1,1,1,1,1,1,1,1,2], "data_offsets": [0, 8]}}
          t.shape         | can be counted       | {"t": {"dtype": "F32", "shape": [4294967296, 4294967296], "data_offsets": [0, 8]}}
          t.data_offsets  | do not hold          | {"t": {"dtype": "F32", "shape": [4611686018427387904], "data_offsets": [0, 8]}}
          t.data_offsets  | do not hold          | {"t": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}
          t.data_offsets  | no begin and end     | {"t": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}}
          t.data_offsets  | no begin and end     | {"t": {"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]}}
          t.data_offsets  | no begin and end     | {"t": {"dtype": "F32", "shape": [2], "data_offsets": [0]}}
          t.data_offsets  | truncated            | {"t": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}
          t.data_offsets  | where 0 is due       | {"t": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}
          u.data_offsets  | where 8 is due       | {"t": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "u": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}
          header          | describes 4 bytes    | {"t": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
          header          | is no valid JSON     | {"t": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "t": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
          """)
  void wrongHeaderIsNamed(String field, String problem, String header) {
    assertRefused(file(header, 8), field, problem);
  }

  @Test
  void wrongLengthsAreNamed() {
    assertRefused(new byte[0], "header", "truncated after 0 bytes");
    assertRefused(new byte[7], "header", "truncated after 7 bytes");
    assertRefused(file(-1, new byte[8], 0), "header", "impossible");
    assertRefused(file(1L << 60, new byte[8], 0), "header", "impossible");
    assertRefused(file(100, new byte[8], 0), "header", "truncated after 16 bytes");
    assertRefused(file(2, new byte[] {(byte) 0xFF, '}'}, 0), "header", "UTF-8");
  }

  @Test
  void goodTensorOfAStrangeTypeIsRefusedOnlyWhenRead() {
    MappedTensor tensor =
        requireNonNull(
            read(file("{\"t\":{\"dtype\":\"F8_E4M3\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4))
                .get("t"));
    assertThatThrownBy(() -> tensor.read(MemorySegment.ofArray(new byte[16])))
        .isInstanceOf(ModelFileException.class)
        .hasMessageContaining("t: elements of type 'F8_E4M3'");
  }

  private static void assertRefused(byte[] bytes, String field, String problem) {
    assertThatThrownBy(() -> read(bytes))
        .isInstanceOf(ModelFileException.class)
        .hasMessageStartingWith(FILE + ": " + field + ": ")
        .hasMessageContaining(problem);
  }
}
