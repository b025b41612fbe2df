package io.ltri.inference.model;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/**
 * A file, read-only, as memory. The arena's owner unmaps it.
 *
 * @param bytes the whole file
 */
record MappedFile(Path path, MemorySegment bytes) {

  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int DIGEST_STEP = 1 << 20;

  static MappedFile map(Path path, Arena arena) {
    if (!Files.isRegularFile(path)) {
      throw new ModelFileException(path, "file", Files.exists(path) ? "is no file" : "is missing");
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      long size = channel.size();
      MemorySegment bytes =
          size == 0
              ? MemorySegment.ofArray(new byte[0])
              : channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
      return new MappedFile(path, bytes);
    } catch (IOException e) {
      throw new ModelFileException(path, "file", "cannot be read (" + e.getMessage() + ")", e);
    }
  }

  long size() {
    return bytes.byteSize();
  }

  ModelFileException broken(String field, String problem) {
    return new ModelFileException(path, field, problem);
  }

  /**
   * Reads a part of the file as UTF-8.
   *
   * @return the text, or null if these bytes are not UTF-8
   */
  @Nullable String text(long offset, int length) {
    ByteBuffer buffer = bytes.asSlice(offset, length).asByteBuffer();
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(buffer).toString();
    } catch (CharacterCodingException e) {
      return null;
    }
  }

  void digest(MessageDigest digest) {
    byte[] step = new byte[(int) Math.min(DIGEST_STEP, size())];
    for (long offset = 0; offset < size(); offset += step.length) {
      int length = (int) Math.min(step.length, size() - offset);
      MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, offset, step, 0, length);
      digest.update(step, 0, length);
    }
  }
}
