package io.ltri.inference.model;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The header of one safetensors file: 8 bytes of length, that much JSON, then the tensors without a
 * gap between them.
 */
final class SafetensorsFile {

  private static final int LENGTH_BYTES = 8;
  private static final long MAXIMUM_HEADER = 16 << 20;

  private SafetensorsFile() {}

  /**
   * Reads and checks the whole header.
   *
   * @return tensors by name, over the file's memory
   */
  static Map<String, MappedTensor> read(MappedFile file) {
    if (file.size() < LENGTH_BYTES) {
      throw file.broken("header", "the file is truncated after " + file.size() + " bytes");
    }
    long length = file.bytes().get(MappedFile.LONG, 0);
    if (length < 2 || length > MAXIMUM_HEADER) {
      throw file.broken(
          "header",
          Long.toUnsignedString(length)
              + " bytes of header are impossible: this is no safetensors file, or a damaged one");
    }
    if (length > file.size() - LENGTH_BYTES) {
      throw file.broken(
          "header",
          "takes " + length + " bytes, but the file is truncated after " + file.size() + " bytes");
    }
    String text = file.text(LENGTH_BYTES, (int) length);
    if (text == null) {
      throw file.broken("header", "is not UTF-8");
    }
    JsonFile header = JsonFile.parse(file.path(), "header", text);
    MemorySegment data = file.bytes().asSlice(LENGTH_BYTES + length);

    Map<String, MappedTensor> tensors = new LinkedHashMap<>();
    List<Extent> extents = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : header.root().properties()) {
      String name = entry.getKey();
      if (name.equals("__metadata__")) {
        continue;
      }
      if (!entry.getValue().isObject()) {
        throw file.broken(name, "its description is no object");
      }
      JsonFile description = new JsonFile(file.path(), name + ".", entry.getValue());
      Extent extent = extent(description, data.byteSize());
      extents.add(extent);
      tensors.put(name, tensor(file, name, description, extent, data));
    }
    refuseGaps(file, extents, data.byteSize());
    return tensors;
  }

  private static MappedTensor tensor(
      MappedFile file, String name, JsonFile description, Extent extent, MemorySegment data) {
    List<Long> dimensions = new ArrayList<>();
    long elements = 1;
    for (JsonNode node : description.array("shape")) {
      long dimension = description.integer("shape", node);
      if (dimension < 0 || dimensions.size() == 8) {
        throw description.broken("shape", "is impossible");
      }
      try {
        elements = Math.multiplyExact(elements, dimension);
      } catch (ArithmeticException e) {
        throw description.broken("shape", "has more elements than can be counted");
      }
      dimensions.add(dimension);
    }
    String dtype = description.text("dtype");
    TensorType type = type(dtype);
    long size = extent.end - extent.begin;
    if (type != null && (elements > size || type.bytes(elements) != size)) {
      throw description.broken(
          "data_offsets", size + " bytes do not hold " + elements + " elements of type " + type);
    }
    return new MappedTensor(
        file.path(),
        name,
        type,
        ModelFileException.quoted(dtype),
        dimensions.stream().mapToLong(Long::longValue).toArray(),
        data.asSlice(extent.begin, size),
        0);
  }

  private static @Nullable TensorType type(String dtype) {
    return switch (dtype) {
      case "F32" -> TensorType.F32;
      case "F16" -> TensorType.F16;
      case "BF16" -> TensorType.BF16;
      default -> null;
    };
  }

  private static Extent extent(JsonFile description, long available) {
    List<Long> offsets = new ArrayList<>();
    for (JsonNode node : description.array("data_offsets")) {
      offsets.add(description.integer("data_offsets", node));
    }
    if (offsets.size() != 2 || offsets.get(0) < 0 || offsets.get(1) < offsets.get(0)) {
      throw description.broken("data_offsets", offsets + " are no begin and end");
    }
    if (offsets.get(1) > available) {
      throw description.broken(
          "data_offsets",
          "end at byte "
              + offsets.get(1)
              + " of the data, but the file is truncated after "
              + available);
    }
    return new Extent(description.prefix(), offsets.get(0), offsets.get(1));
  }

  private static void refuseGaps(MappedFile file, List<Extent> extents, long available) {
    extents.sort(Comparator.comparingLong(Extent::begin).thenComparingLong(Extent::end));
    long next = 0;
    for (Extent extent : extents) {
      if (extent.begin != next) {
        throw file.broken(
            extent.prefix + "data_offsets",
            "begin at byte " + extent.begin + " of the data, where " + next + " is due");
      }
      next = extent.end;
    }
    if (next != available) {
      throw file.broken(
          "header", "describes " + next + " bytes of data, but the file holds " + available);
    }
  }

  private record Extent(String prefix, long begin, long end) {}
}
