package io.ltri.inference.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * A document's text on its way in: written to a file as it comes, checked to be UTF-8 text byte by
 * byte. A byte order mark at its start is left out.
 */
public final class ReceivedText implements AutoCloseable {
  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

  private final ReceivedFile file;
  private final MessageDigest digest = Identity.sha256();
  private final Utf8Check check = new Utf8Check();
  private final byte[] head = new byte[BYTE_ORDER_MARK.length];
  private int headBytes;
  private long sizeBytes;
  private String sha256 = "";

  /**
   * @param folder for the file; exists
   */
  public ReceivedText(Path folder) {
    this.file = new ReceivedFile(folder, "text");
  }

  /**
   * Takes the next bytes, cut anywhere.
   *
   * @throws RequestException if they are not text
   */
  public void write(ByteBuffer bytes) {
    while (headBytes < head.length && bytes.hasRemaining()) {
      head[headBytes++] = bytes.get();
      if (headBytes == head.length && !Arrays.equals(head, BYTE_ORDER_MARK)) {
        store(head, headBytes);
      }
    }
    byte[] piece = new byte[bytes.remaining()];
    bytes.get(piece);
    store(piece, piece.length);
  }

  private void store(byte[] piece, int size) {
    check.accept(piece, size, sizeBytes);
    file.write(piece, size);
    digest.update(piece, 0, size);
    sizeBytes += size;
  }

  /**
   * No more comes.
   *
   * @throws RequestException if the text is empty or ends inside a character
   */
  public void end() {
    if (headBytes < head.length) {
      store(head, headBytes);
    }
    file.end();
    check.end(sizeBytes);
    sha256 = HexFormat.of().formatHex(digest.digest());
    if (!check.sawText()) {
      throw new RequestException(
          RequestException.Reason.BAD_INPUT,
          sizeBytes == 0 ? "the document is empty" : "the document holds nothing but white space");
    }
  }

  /** The text, for a document that keeps it; it must be smaller than 2 GiB. */
  MemorySegment bytes() {
    try {
      return MemorySegment.ofArray(Files.readAllBytes(file.path()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path file() {
    return file.path();
  }

  public long sizeBytes() {
    return sizeBytes;
  }

  /** SHA-256 of the text; after {@link #end()}. */
  public String sha256() {
    return sha256;
  }

  @Override
  public void close() {
    file.close();
  }

  private static RequestException notUtf8(long offset) {
    return new RequestException(
        RequestException.Reason.BAD_INPUT,
        "the document is not UTF-8: byte " + offset + " does not continue a character");
  }

  /** Well-formed UTF-8 by the table of RFC 3629, without NUL. */
  private static final class Utf8Check {
    private int pending;
    private int low = 0x80;
    private int high = 0xBF;
    private boolean sawText;

    void accept(byte[] piece, int size, long offset) {
      for (int i = 0; i < size; i++) {
        int b = piece[i] & 0xFF;
        if (pending > 0) {
          if (b < low || b > high) {
            throw notUtf8(offset + i);
          }
          pending--;
          low = 0x80;
          high = 0xBF;
        } else if (b < 0x80) {
          if (b == 0) {
            throw new RequestException(
                RequestException.Reason.BAD_INPUT,
                "byte "
                    + (offset + i)
                    + " of the document is zero: it looks like a binary file; only UTF-8 text can be read");
          }
          sawText |= b > ' ';
        } else {
          begin(b, offset + i);
        }
      }
    }

    private void begin(int b, long offset) {
      sawText = true;
      if (b >= 0xC2 && b <= 0xDF) {
        pending = 1;
      } else if (b >= 0xE0 && b <= 0xEF) {
        pending = 2;
        low = b == 0xE0 ? 0xA0 : 0x80;
        high = b == 0xED ? 0x9F : 0xBF;
      } else if (b >= 0xF0 && b <= 0xF4) {
        pending = 3;
        low = b == 0xF0 ? 0x90 : 0x80;
        high = b == 0xF4 ? 0x8F : 0xBF;
      } else {
        throw notUtf8(offset);
      }
    }

    void end(long offset) {
      if (pending > 0) {
        throw notUtf8(offset);
      }
    }

    boolean sawText() {
      return sawText;
    }
  }
}
