package io.ltri.fuzzing;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Damages bytes in the ways that break parsers. The same seed damages in the same way. */
public final class Mutations {

  private static final int LONGEST = 4 << 20;

  private static final long[] EDGES = {
    0,
    1,
    -1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    1 << 24,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    0xFFFFFFFFL,
    1L << 32,
    1L << 40,
    1L << 60,
    Long.MAX_VALUE,
    Long.MIN_VALUE
  };

  private static final List<String> NUMBERS =
      List.of(
          "0",
          "-1",
          "1",
          "2147483647",
          "2147483648",
          "-2147483648",
          "4294967296",
          "9223372036854775807",
          "9223372036854775808",
          "1e999",
          "-0.0",
          "0.5",
          "1e-400",
          "NaN",
          "123456789012345678901234567890");

  private static final List<String> PIECES =
      List.of(
          "null",
          "true",
          "{}",
          "[]",
          "\"\"",
          "[[[[[[[[",
          "{\"a\":{\"a\":",
          ",",
          ":",
          "\"",
          "\\u0000",
          "\\ud800",
          "\u0000",
          "\uFFFF",
          "\r\n",
          "../",
          "%s",
          "\t",
          " ");

  private final Random random;
  private final List<byte[]> seeds;
  private final List<String> words;

  public Mutations(long seed, List<byte[]> seeds, List<String> words) {
    this.random = new Random(seed);
    this.seeds = seeds;
    this.words = words;
  }

  /** A seed with one to eight damages. */
  public byte[] next() {
    byte[] bytes = any(seeds).clone();
    // Mostly few: with many, only the first check is ever seen.
    int damages = 1 + (random.nextInt(3) == 0 ? random.nextInt(8) : 0);
    for (int i = 0; i < damages; i++) {
      bytes = damaged(bytes);
    }
    return bytes;
  }

  private byte[] damaged(byte[] bytes) {
    if (bytes.length == 0) {
      return inserted(bytes, word());
    }
    return switch (random.nextInt(12)) {
      case 0 -> flipped(bytes);
      case 1 -> withByte(bytes);
      case 2, 3 -> withEdge(bytes);
      case 4 -> Arrays.copyOf(bytes, place(bytes.length));
      case 5 -> spliced(bytes);
      case 6 -> repeated(bytes);
      case 7 -> without(bytes);
      case 8, 9 -> inserted(bytes, word());
      case 10 -> withNumber(bytes);
      default -> withGroup(bytes);
    };
  }

  private <T> T any(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  /** Often near the beginning, where headers are. */
  private int place(int length) {
    int within = random.nextBoolean() ? length : Math.min(length, 256);
    return random.nextInt(Math.max(1, within));
  }

  private byte[] word() {
    List<String> from = words.isEmpty() || random.nextInt(3) == 0 ? PIECES : words;
    return any(from).getBytes(StandardCharsets.UTF_8);
  }

  private byte[] flipped(byte[] bytes) {
    bytes[place(bytes.length)] ^= (byte) (1 << random.nextInt(8));
    return bytes;
  }

  private byte[] withByte(byte[] bytes) {
    bytes[place(bytes.length)] = (byte) random.nextInt(256);
    return bytes;
  }

  /** An integer at the edge of what it can be, of 1, 2, 4 or 8 bytes. */
  private byte[] withEdge(byte[] bytes) {
    int width = 1 << random.nextInt(4);
    if (bytes.length < width) {
      return bytes;
    }
    int at = Math.min(place(bytes.length), bytes.length - width);
    if (random.nextBoolean()) {
      at -= at % width;
    }
    ByteBuffer value = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    long edge = EDGES[random.nextInt(EDGES.length)];
    value.putLong(random.nextInt(4) == 0 ? edge + random.nextInt(33) - 16 : edge);
    System.arraycopy(value.array(), 0, bytes, at, width);
    return bytes;
  }

  /** The beginning of one, the end of another. */
  private byte[] spliced(byte[] bytes) {
    byte[] other = any(seeds);
    return joined(
        bytes, place(bytes.length), other, place(Math.max(1, other.length)), other.length);
  }

  private byte[] repeated(byte[] bytes) {
    int from = place(bytes.length);
    int length = 1 + random.nextInt(Math.min(bytes.length - from, 1 << random.nextInt(17)));
    byte[] part = Arrays.copyOfRange(bytes, from, from + length);
    int times = 1 << random.nextInt(random.nextInt(8) == 0 ? 14 : 4);
    byte[] result = bytes;
    for (int i = 0; i < times && result.length < LONGEST; i = 2 * i + 1) {
      result = joined(result, from, part, 0, part.length, result, from);
      part = joined(part, part.length, part, 0, Math.min(part.length, LONGEST / 2));
    }
    return result;
  }

  private byte[] without(byte[] bytes) {
    int from = place(bytes.length);
    int to = Math.min(bytes.length, from + 1 + random.nextInt(1 << random.nextInt(12)));
    return joined(bytes, from, bytes, to, bytes.length);
  }

  private byte[] inserted(byte[] bytes, byte[] part) {
    int at = place(bytes.length);
    return joined(bytes, at, part, 0, part.length, bytes, at);
  }

  /** In the place of a number in a text. */
  private byte[] withNumber(byte[] bytes) {
    int from = place(bytes.length);
    while (from < bytes.length && !isDigit(bytes[from])) {
      from++;
    }
    int to = from;
    while (to < bytes.length && isDigit(bytes[to])) {
      to++;
    }
    byte[] number = any(NUMBERS).getBytes(StandardCharsets.UTF_8);
    return joined(bytes, from, number, 0, number.length, bytes, to);
  }

  /**
   * In the place of what brackets or quotation marks enclose in a text: a word, or the same twice.
   */
  private byte[] withGroup(byte[] bytes) {
    int from = place(bytes.length);
    while (from < bytes.length && "[{(\"'".indexOf(bytes[from]) < 0) {
      from++;
    }
    if (from == bytes.length) {
      return flipped(bytes);
    }
    int to = end(bytes, from);
    byte[] part = random.nextBoolean() ? word() : twice(Arrays.copyOfRange(bytes, from, to));
    return joined(bytes, from, part, 0, part.length, bytes, to);
  }

  private static byte[] twice(byte[] group) {
    byte[] comma = {','};
    return joined(group, group.length, comma, 0, 1, group, 0);
  }

  private static int end(byte[] bytes, int from) {
    char open = (char) bytes[from];
    char close = open == '[' ? ']' : open == '{' ? '}' : open == '(' ? ')' : open;
    int depth = 0;
    for (int at = from; at < bytes.length; at++) {
      if (bytes[at] == close && (open != close || at > from)) {
        depth--;
      } else if (bytes[at] == open && (open != close || at == from)) {
        depth++;
      }
      if (depth == 0) {
        return at + 1;
      }
    }
    return bytes.length;
  }

  private static boolean isDigit(byte b) {
    return b >= '0' && b <= '9';
  }

  /** {@code a} up to {@code aEnd}, then {@code b} from {@code bFrom} to {@code bEnd}. */
  private static byte[] joined(byte[] a, int aEnd, byte[] b, int bFrom, int bEnd) {
    return joined(a, aEnd, b, bFrom, bEnd, new byte[0], 0);
  }

  /** As above, then {@code c} from {@code cFrom}. */
  private static byte[] joined(
      byte[] a, int aEnd, byte[] b, int bFrom, int bEnd, byte[] c, int cFrom) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(a, 0, Math.min(aEnd, a.length));
    out.write(b, Math.min(bFrom, b.length), Math.max(0, bEnd - bFrom));
    out.write(c, Math.min(cFrom, c.length), Math.max(0, c.length - cFrom));
    return out.toByteArray();
  }
}
