package io.ltri.inference.attention;

import io.ltri.inference.span.Band;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One layer of a document's tail as bytes, little-endian: int32 text length, int32 first local
 * position, int32 first row of the band; then sink and local part (keys, values) in the storage
 * type; then the band's rows, float32.
 */
final class LayerTail {
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int HEADER_BYTES = 12;

  private LayerTail() {}

  static String section(int layer) {
    return "layer/" + layer;
  }

  /**
   * @param band null under a policy without spans
   */
  static MemorySegment export(ResidentSet resident, @Nullable Band band) {
    List<MemorySegment> parts = new ArrayList<>(resident.export());
    int firstRow = resident.end();
    if (band != null) {
      firstRow = Math.min(Math.max(band.firstRow(), resident.localStart()), band.endRow());
      parts.add(MemorySegment.ofArray(band.export(firstRow)));
    }
    long size = HEADER_BYTES;
    for (MemorySegment part : parts) {
      size += part.byteSize();
    }
    MemorySegment bytes = MemorySegment.ofArray(new byte[Math.toIntExact(size)]);
    bytes.set(INT, 0, resident.end());
    bytes.set(INT, 4, resident.localStart());
    bytes.set(INT, 8, firstRow);
    long offset = HEADER_BYTES;
    for (MemorySegment part : parts) {
      MemorySegment.copy(part, 0, bytes, offset, part.byteSize());
      offset += part.byteSize();
    }
    return bytes;
  }

  /**
   * Fills the resident set.
   *
   * @param bandWidth 0 under a policy without spans
   * @return the band, of width bandWidth, or null if that is 0
   * @throws IllegalArgumentException if the section is missing or its sizes do not fit the model
   *     and settings
   */
  static @Nullable Band restore(
      Map<String, MemorySegment> tail,
      int layer,
      ResidentSet resident,
      int bandWidth,
      int sinkTokens) {
    return restore(tail, section(layer), resident, bandWidth, sinkTokens);
  }

  /** The same from a section of another name. */
  static @Nullable Band restore(
      Map<String, MemorySegment> tail,
      String section,
      ResidentSet resident,
      int bandWidth,
      int sinkTokens) {
    MemorySegment bytes = required(tail, section);
    if (bytes.byteSize() < HEADER_BYTES) {
      throw damaged(section, bytes.byteSize(), HEADER_BYTES);
    }
    int end = bytes.get(INT, 0);
    int localStart = bytes.get(INT, 4);
    int firstRow = bytes.get(INT, 8);
    long[] sizes = resident.exportSizes(end, localStart);
    long rowBytes = 4L * bandWidth * (end - firstRow);
    long expected = HEADER_BYTES + sizes[0] + sizes[1] + rowBytes;
    if (bytes.byteSize() != expected) {
      throw damaged(section, bytes.byteSize(), expected);
    }
    resident.restore(
        end,
        localStart,
        bytes.asSlice(HEADER_BYTES, sizes[0]),
        bytes.asSlice(HEADER_BYTES + sizes[0], sizes[1]));
    if (bandWidth == 0) {
      return null;
    }
    byte[] rows =
        bytes.asSlice(HEADER_BYTES + sizes[0] + sizes[1], rowBytes).toArray(ValueLayout.JAVA_BYTE);
    return Band.restore(bandWidth, sinkTokens, firstRow, rows);
  }

  static MemorySegment required(Map<String, MemorySegment> tail, String section) {
    MemorySegment bytes = tail.get(section);
    if (bytes == null) {
      throw new IllegalArgumentException("the document's tail lacks section " + section);
    }
    return bytes;
  }

  static IllegalArgumentException damaged(String section, long bytes, long expected) {
    return new IllegalArgumentException(
        "section "
            + section
            + " of the document's tail has "
            + bytes
            + " bytes instead of "
            + expected);
  }
}
