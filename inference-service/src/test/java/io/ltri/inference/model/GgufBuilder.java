package io.ltri.inference.model;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Writes GGUF files, right or wrong, for the tests. Numbers of types as in the format. */
final class GgufBuilder {

  static final Path FILE = Path.of("folder", "test.gguf");

  private final ByteBuffer metadata = buffer(1 << 16);
  private final List<byte[]> infos = new ArrayList<>();
  private final ByteBuffer data = buffer(1 << 20);
  private int entries;

  int magic = 0x46554747;
  int version = 3;
  long tensorCountOffset;
  long entryCountOffset;

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  GgufBuilder entry(String key, int type, Consumer<ByteBuffer> value) {
    text(metadata, key);
    metadata.putInt(type);
    value.accept(metadata);
    entries++;
    return this;
  }

  GgufBuilder entry(String key, int value) {
    return entry(key, 4, b -> b.putInt(value));
  }

  GgufBuilder entry(String key, float value) {
    return entry(key, 6, b -> b.putFloat(value));
  }

  GgufBuilder entry(String key, String value) {
    return entry(key, 8, b -> text(b, value));
  }

  GgufBuilder texts(String key, List<String> values) {
    return entry(
        key,
        9,
        b -> {
          b.putInt(8).putLong(values.size());
          values.forEach(value -> text(b, value));
        });
  }

  static void text(ByteBuffer to, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    to.putLong(bytes.length).put(bytes);
  }

  /**
   * @param dimensions innermost first
   */
  GgufBuilder tensor(String name, int type, long offset, long... dimensions) {
    ByteBuffer info = buffer(1 << 10);
    text(info, name);
    info.putInt(dimensions.length);
    for (long dimension : dimensions) {
      info.putLong(dimension);
    }
    info.putInt(type).putLong(offset);
    byte[] bytes = new byte[info.position()];
    info.flip().get(bytes);
    infos.add(bytes);
    return this;
  }

  /** Aligned to 32. */
  GgufBuilder floats(String name, float[] values, long... dimensions) {
    tensor(name, 0, data.position(), dimensions);
    for (float value : values) {
      data.putFloat(value);
    }
    data.position((data.position() + 31) / 32 * 32);
    return this;
  }

  GgufBuilder zeros(String name, int rows, int columns) {
    return floats(name, new float[rows * columns], columns, rows);
  }

  GgufBuilder data(int bytes) {
    data.position(bytes);
    return this;
  }

  byte[] bytes() {
    ByteBuffer result = buffer(1 << 21);
    result.putInt(magic).putInt(version);
    result.putLong(infos.size() + tensorCountOffset).putLong(entries + entryCountOffset);
    result.put(metadata.duplicate().flip());
    infos.forEach(result::put);
    result.position((result.position() + 31) / 32 * 32);
    result.put(data.duplicate().flip());
    byte[] bytes = new byte[result.position()];
    result.flip().get(bytes);
    return bytes;
  }

  GgufFile read() {
    return GgufFile.read(new MappedFile(FILE, MemorySegment.ofArray(bytes())));
  }

  ModelSource open() {
    return GgufModel.read(new MappedFile(FILE, MemorySegment.ofArray(bytes())), new WeightFiles());
  }
}
