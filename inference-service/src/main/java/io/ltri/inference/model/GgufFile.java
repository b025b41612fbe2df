package io.ltri.inference.model;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The header of one GGUF file, versions 2 and 3: metadata by key, tensors by name. Arrays stay in
 * the file until they are asked for, so a lying length costs nothing.
 */
final class GgufFile {

  private static final int MAGIC = 0x46554747;
  private static final int MAXIMUM_NAME = 65_535;
  private static final int MAXIMUM_TEXT = 16 << 20;
  private static final int MAXIMUM_ELEMENTS = 1 << 24;
  private static final int MAXIMUM_TENSORS = 1 << 17;
  private static final int MAXIMUM_ENTRIES = 1 << 16;
  private static final int MAXIMUM_DEPTH = 4;
  private static final int MAXIMUM_ALIGNMENT = 1 << 20;
  private static final int DEFAULT_ALIGNMENT = 32;
  // The least that one entry takes in the file bounds how many can follow.
  private static final int LEAST_ENTRY_BYTES = 13;
  private static final int LEAST_TENSOR_BYTES = 32;

  private final MappedFile file;
  private final Map<String, Value> metadata = new LinkedHashMap<>();
  private final Map<String, MappedTensor> tensors = new LinkedHashMap<>();
  private long at;

  private GgufFile(MappedFile file) {
    this.file = file;
  }

  static GgufFile read(MappedFile file) {
    GgufFile result = new GgufFile(file);
    result.readHeader();
    return result;
  }

  /** Tensors by the names of the file. */
  Map<String, MappedTensor> tensors() {
    return tensors;
  }

  ModelFileException broken(String field, String problem) {
    return file.broken(field, problem);
  }

  private void readHeader() {
    if (readInt("magic") != MAGIC) {
      throw broken("magic", "the file does not begin with GGUF: it is no GGUF file");
    }
    int version = readInt("version");
    if (version != 2 && version != 3) {
      boolean swapped = Integer.reverseBytes(version) == 2 || Integer.reverseBytes(version) == 3;
      throw broken(
          "version",
          swapped
              ? "the file is big-endian; convert it to little-endian"
              : Integer.toUnsignedString(version) + " is not supported, only 2 and 3 are");
    }
    long tensorCount = readCount("tensor_count", LEAST_TENSOR_BYTES, MAXIMUM_TENSORS);
    long entryCount = readCount("metadata_kv_count", LEAST_ENTRY_BYTES, MAXIMUM_ENTRIES);
    for (long i = 0; i < entryCount; i++) {
      String key = readText("metadata key " + i, MAXIMUM_NAME);
      if (metadata.put(key, readValue(key, readInt(key), 0)) != null) {
        throw broken(key, "is there twice");
      }
    }
    refuseParts();
    List<TensorInfo> infos = new ArrayList<>();
    for (long i = 0; i < tensorCount; i++) {
      infos.add(readTensorInfo(i));
    }
    placeTensors(infos, alignment());
  }

  private void refuseParts() {
    long parts = integer("split.count", 0);
    if (parts > 1) {
      throw broken(
          "split.count",
          "is " + parts + ": this is one part of several; merge them (llama-gguf-split --merge)");
    }
  }

  private long alignment() {
    long alignment = integer("general.alignment", DEFAULT_ALIGNMENT);
    if (alignment <= 0 || alignment > MAXIMUM_ALIGNMENT || Long.bitCount(alignment) != 1) {
      throw broken(
          "general.alignment", alignment + " is no power of two up to " + MAXIMUM_ALIGNMENT);
    }
    return alignment;
  }

  private TensorInfo readTensorInfo(long index) {
    String name = readText("tensor name " + index, MAXIMUM_NAME);
    int dimensions = readInt(name);
    if (dimensions < 1 || dimensions > 4) {
      throw broken(name, Integer.toUnsignedString(dimensions) + " dimensions; 1 to 4 are possible");
    }
    long[] shape = new long[dimensions];
    long elements = 1;
    // The file has the innermost dimension first.
    for (int i = dimensions - 1; i >= 0; i--) {
      shape[i] = readLong(name);
      if (shape[i] <= 0) {
        throw broken(name, "a dimension of " + shape[i] + " elements is impossible");
      }
      try {
        elements = Math.multiplyExact(elements, shape[i]);
      } catch (ArithmeticException e) {
        throw broken(name, "has more elements than can be counted");
      }
    }
    int typeNumber = readInt(name);
    TensorType type = TensorType.ofGgml(typeNumber);
    return new TensorInfo(name, shape, elements, type, typeNumber, readLong(name));
  }

  private void placeTensors(List<TensorInfo> infos, long alignment) {
    long start = (at + alignment - 1) / alignment * alignment;
    if (!infos.isEmpty() && start > file.size()) {
      throw broken(
          "data", "the file is truncated after " + file.size() + " bytes, before its first tensor");
    }
    long available = file.size() - start;
    infos.sort(Comparator.comparingLong(TensorInfo::offset));
    long free = 0;
    for (TensorInfo info : infos) {
      String name = info.name;
      long offset = info.offset;
      if (offset < 0 || offset > available) {
        throw broken(
            name,
            "begins at byte "
                + Long.toUnsignedString(offset)
                + " of the data, but the file is truncated after "
                + available);
      }
      if (offset % alignment != 0) {
        throw broken(name, "offset " + offset + " is no multiple of the alignment " + alignment);
      }
      if (offset < free) {
        throw broken(name, "overlaps the tensor before it");
      }
      long size = size(info, available - offset);
      free = offset + size;
      MappedTensor tensor =
          new MappedTensor(
              file.path(),
              name,
              info.type,
              "number " + Integer.toUnsignedString(info.typeNumber),
              info.shape,
              file.bytes().asSlice(start + offset, size),
              0);
      if (tensors.put(name, tensor) != null) {
        throw broken(name, "tensor is there twice");
      }
    }
  }

  private long size(TensorInfo info, long available) {
    TensorType type = info.type;
    if (type == null) {
      return 0;
    }
    long row = info.shape[info.shape.length - 1];
    if (row % type.blockElements() != 0 || row > Integer.MAX_VALUE) {
      throw broken(
          info.name,
          "rows of "
              + row
              + " elements are impossible for "
              + type
              + ", which has blocks of "
              + type.blockElements());
    }
    // Blocks are counted before bytes, which may overflow.
    if (info.elements / type.blockElements() > available / type.blockBytes()) {
      throw broken(
          info.name,
          "takes "
              + info.elements
              + " elements of "
              + type
              + ", but the file is truncated "
              + available
              + " bytes after its begin");
    }
    return type.bytes(info.elements);
  }

  // Reading, front to back. Every length is checked against what is left of the file.

  private void need(String field, long bytes) {
    if (bytes > file.size() - at) {
      throw broken(
          field, "the file is truncated: " + bytes + " bytes due, " + (file.size() - at) + " left");
    }
  }

  private int readInt(String field) {
    need(field, Integer.BYTES);
    int value = file.bytes().get(MappedFile.INT, at);
    at += Integer.BYTES;
    return value;
  }

  private long readLong(String field) {
    need(field, Long.BYTES);
    long value = file.bytes().get(MappedFile.LONG, at);
    at += Long.BYTES;
    return value;
  }

  private long readCount(String field, int leastBytes, int most) {
    long count = readLong(field);
    if (count < 0 || count > (file.size() - at) / leastBytes || count > most) {
      throw broken(
          field, Long.toUnsignedString(count) + " are more than can be in a file of this size");
    }
    return count;
  }

  private int readTextLength(String field, int most) {
    long length = readLong(field);
    if (length < 0 || length > most) {
      throw broken(
          field,
          "a text of " + Long.toUnsignedString(length) + " bytes; at most " + most + " are read");
    }
    need(field, length);
    return (int) length;
  }

  private String readText(String field, int most) {
    int length = readTextLength(field, most);
    String text = file.text(at, length);
    if (text == null) {
      throw broken(field, "is not UTF-8");
    }
    at += length;
    return text;
  }

  private Value readValue(String key, int typeNumber, int depth) {
    ValueType type = ValueType.of(typeNumber);
    if (type == null) {
      throw broken(key, "metadata type " + Integer.toUnsignedString(typeNumber) + " is unknown");
    }
    return switch (type) {
      case TEXT -> new Text(readText(key, MAXIMUM_TEXT));
      case ARRAY -> readArray(key, depth);
      default -> {
        need(key, type.bytes);
        Value value = scalar(key, type, at);
        at += type.bytes;
        yield value;
      }
    };
  }

  private Value scalar(String key, ValueType type, long offset) {
    return switch (type) {
      case UINT8 -> new Whole(file.bytes().get(ValueLayout.JAVA_BYTE, offset) & 0xFF);
      case INT8 -> new Whole(file.bytes().get(ValueLayout.JAVA_BYTE, offset));
      case UINT16 -> new Whole(file.bytes().get(MappedFile.SHORT, offset) & 0xFFFF);
      case INT16 -> new Whole(file.bytes().get(MappedFile.SHORT, offset));
      case UINT32 -> new Whole(Integer.toUnsignedLong(file.bytes().get(MappedFile.INT, offset)));
      case INT32 -> new Whole(file.bytes().get(MappedFile.INT, offset));
      case FLOAT32 -> new Real(Float.intBitsToFloat(file.bytes().get(MappedFile.INT, offset)));
      case FLOAT64 -> new Real(Double.longBitsToDouble(file.bytes().get(MappedFile.LONG, offset)));
      case UINT64 -> {
        long value = file.bytes().get(MappedFile.LONG, offset);
        // No field that is read here comes near; the others are not looked at.
        yield value < 0 ? new Real(0x1p63 * 2 + value) : new Whole(value);
      }
      case INT64 -> new Whole(file.bytes().get(MappedFile.LONG, offset));
      case BOOL -> {
        byte value = file.bytes().get(ValueLayout.JAVA_BYTE, offset);
        if (value != 0 && value != 1) {
          throw broken(key, value + " is neither true (1) nor false (0)");
        }
        yield new Flag(value == 1);
      }
      case TEXT, ARRAY -> throw new AssertionError(type + " is no scalar");
    };
  }

  private Value readArray(String key, int depth) {
    if (depth == MAXIMUM_DEPTH) {
      throw broken(key, "lists are nested more than " + MAXIMUM_DEPTH + " deep");
    }
    int typeNumber = readInt(key);
    ValueType type = ValueType.of(typeNumber);
    if (type == null) {
      throw broken(
          key, "element type " + Integer.toUnsignedString(typeNumber) + " of a list is unknown");
    }
    long count = readCount(key, type.bytes, MAXIMUM_ELEMENTS);
    long start = at;
    switch (type) {
      case TEXT -> {
        for (long i = 0; i < count; i++) {
          int length = readTextLength(key, MAXIMUM_TEXT);
          at += length;
        }
      }
      case ARRAY -> {
        for (long i = 0; i < count; i++) {
          readArray(key, depth + 1);
        }
      }
      default -> at += count * type.bytes;
    }
    return new Elements(type, (int) count, start);
  }

  // Metadata, typed.

  boolean has(String key) {
    return metadata.containsKey(key);
  }

  String text(String key) {
    return switch (required(key)) {
      case Text(String value) -> value;
      case Value other -> throw broken(key, "is no text");
    };
  }

  /** Any integer type. */
  long integer(String key) {
    return switch (required(key)) {
      case Whole(long value) -> value;
      case Value other -> throw broken(key, "is no integer of 63 bits");
    };
  }

  long integer(String key, long absent) {
    return has(key) ? integer(key) : absent;
  }

  int positive(String key) {
    long value = integer(key);
    if (value <= 0 || value > Integer.MAX_VALUE) {
      throw broken(key, value + " must be positive, and an int");
    }
    return (int) value;
  }

  int positive(String key, int absent) {
    return has(key) ? positive(key) : absent;
  }

  double number(String key) {
    double value =
        switch (required(key)) {
          case Real(double real) -> real;
          case Whole(long whole) -> whole;
          case Value other -> Double.NaN;
        };
    if (!Double.isFinite(value)) {
      throw broken(key, "is no finite number");
    }
    return value;
  }

  double number(String key, double absent) {
    return has(key) ? number(key) : absent;
  }

  boolean flag(String key, boolean absent) {
    if (!has(key)) {
      return absent;
    }
    return switch (required(key)) {
      case Flag(boolean value) -> value;
      case Value other -> throw broken(key, "is neither true nor false");
    };
  }

  /** Empty if absent. */
  List<String> texts(String key) {
    if (!has(key)) {
      return List.of();
    }
    if (!(required(key) instanceof Elements(ValueType type, int count, long start))
        || type != ValueType.TEXT) {
      throw broken(key, "is no list of texts");
    }
    List<String> result = new ArrayList<>(count);
    long offset = start;
    for (int i = 0; i < count; i++) {
      int length = (int) file.bytes().get(MappedFile.LONG, offset);
      String text = file.text(offset + Long.BYTES, length);
      if (text == null) {
        throw broken(key, "element " + i + " is not UTF-8");
      }
      result.add(text);
      offset += Long.BYTES + length;
    }
    return result;
  }

  /** Empty if absent. */
  List<Integer> integers(String key) {
    if (!has(key)) {
      return List.of();
    }
    if (!(required(key) instanceof Elements(ValueType type, int count, long start))
        || type == ValueType.TEXT
        || type == ValueType.ARRAY) {
      throw broken(key, "is no list of integers");
    }
    List<Integer> result = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      if (!(scalar(key, type, start + (long) i * type.bytes) instanceof Whole(long value))
          || value != (int) value) {
        throw broken(key, "element " + i + " is no int");
      }
      result.add((int) value);
    }
    return result;
  }

  private Value required(String key) {
    Value value = metadata.get(key);
    if (value == null) {
      throw broken(key, "is missing");
    }
    return value;
  }

  private record TensorInfo(
      String name,
      long[] shape,
      long elements,
      @Nullable TensorType type,
      int typeNumber,
      long offset) {}

  /** In the order of their numbers in the file; for text and lists, the least that one takes. */
  private enum ValueType {
    UINT8(1),
    INT8(1),
    UINT16(2),
    INT16(2),
    UINT32(4),
    INT32(4),
    FLOAT32(4),
    BOOL(1),
    TEXT(8),
    ARRAY(12),
    UINT64(8),
    INT64(8),
    FLOAT64(8);

    private static final ValueType[] ALL = values();
    private final int bytes;

    ValueType(int bytes) {
      this.bytes = bytes;
    }

    static @Nullable ValueType of(int number) {
      return number >= 0 && number < ALL.length ? ALL[number] : null;
    }
  }

  private sealed interface Value {}

  private record Whole(long value) implements Value {}

  private record Real(double value) implements Value {}

  private record Flag(boolean value) implements Value {}

  private record Text(String value) implements Value {}

  /**
   * @param start of the first element in the file
   */
  private record Elements(ValueType type, int count, long start) implements Value {}
}
