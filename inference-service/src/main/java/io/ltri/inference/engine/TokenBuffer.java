package io.ltri.inference.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** Token ids, growing. */
final class TokenBuffer {
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private int[] ids = new int[1024];
  private int size;

  void append(int[] more) {
    if (size + more.length > ids.length) {
      ids = Arrays.copyOf(ids, Math.max(2 * ids.length, size + more.length));
    }
    System.arraycopy(more, 0, ids, size, more.length);
    size += more.length;
  }

  int size() {
    return size;
  }

  int[] toArray() {
    return Arrays.copyOf(ids, size);
  }

  /** int32, little-endian. */
  MemorySegment bytes() {
    return bytes(ids, 0, size);
  }

  private static MemorySegment bytes(int[] ids, int from, int to) {
    MemorySegment bytes = MemorySegment.ofArray(new byte[4 * (to - from)]);
    MemorySegment.copy(ids, from, bytes, INT, 0, to - from);
    return bytes;
  }

  /** The tokens that a document keeps in its tail. */
  static TokenBuffer ofTail(Map<String, MemorySegment> tail) {
    MemorySegment bytes = tail.get(Documents.TOKENS_SECTION);
    if (bytes == null) {
      throw new IllegalArgumentException(
          "the document's tail lacks section " + Documents.TOKENS_SECTION);
    }
    TokenBuffer tokens = new TokenBuffer();
    tokens.append(bytes.toArray(INT));
    return tokens;
  }

  /** SHA-256, hexadecimal, of the bytes of all ids. */
  String sha256() {
    return prefixDigests(ids, List.of(size)).getFirst();
  }

  /**
   * SHA-256, hexadecimal, of the bytes of the first ids, for several lengths in one pass.
   *
   * @param lengths ascending, none longer than the ids
   */
  static List<String> prefixDigests(int[] ids, List<Integer> lengths) {
    MessageDigest sha = Identity.sha256();
    List<String> digests = new ArrayList<>();
    int done = 0;
    for (int length : lengths) {
      sha.update(bytes(ids, done, length).asByteBuffer());
      done = length;
      digests.add(digestSoFar(sha));
    }
    return digests;
  }

  static void update(MessageDigest sha, int[] ids) {
    sha.update(bytes(ids, 0, ids.length).asByteBuffer());
  }

  /** Hexadecimal; more can be added to it afterwards. */
  static String digestSoFar(MessageDigest sha) {
    try {
      return HexFormat.of().formatHex(((MessageDigest) sha.clone()).digest());
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException("this Java's SHA-256 cannot be copied", e);
    }
  }
}
