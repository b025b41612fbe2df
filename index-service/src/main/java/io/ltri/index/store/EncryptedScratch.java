package io.ltri.index.store;

import io.ltri.index.cipher.DocumentCipher;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import javax.crypto.AEADBadTagException;

/**
 * The scratch file of an encrypted document. Its plain text, which look-ups read while the document
 * is built, is in memory outside the heap alone; the file is a log of the writes, each encrypted
 * and bound to its number and place, from which that memory is made again.
 *
 * <pre>
 * entry: long position, int bytes n, int 0, then n bytes of plain text as an encrypted part
 * </pre>
 */
final class EncryptedScratch implements Growing {

  private static final int HEADER = 16;

  private final FileLayer.WritableFile file;
  private final DocumentCipher cipher;
  private final String name;
  private final GrowingMemory plain;
  private long end;
  private long entries;

  EncryptedScratch(FileLayer files, Path path, Arena arena, DocumentCipher cipher)
      throws IOException {
    this.file = files.create(path);
    this.cipher = cipher;
    this.name = String.valueOf(path.getFileName());
    this.plain = new GrowingMemory(arena);
  }

  /**
   * Goes on with a file whose first bytes are known to be good: the rest is cut off.
   *
   * @throws DataLossException when they are not
   */
  EncryptedScratch(
      FileLayer files, Path path, Arena arena, DocumentCipher cipher, long good, String document)
      throws IOException {
    this.file = files.reopen(path);
    this.cipher = cipher;
    this.name = String.valueOf(path.getFileName());
    this.plain = new GrowingMemory(arena);
    boolean complete = false;
    try {
      file.resize(good);
      replay(path, good);
      complete = true;
    } catch (AEADBadTagException e) {
      throw new DataLossException(
          "unfinished document %s: entry %d of %s can not be decrypted: it was changed or damaged"
              .formatted(document, entries, name),
          e);
    } finally {
      if (!complete) {
        file.close();
      }
    }
  }

  private void replay(Path path, long good) throws IOException, AEADBadTagException {
    ByteBuffer header = ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);
    try (FileReading reading = FileReading.checked(path)) {
      while (end < good) {
        if (good - end < HEADER + DocumentCipher.OVERHEAD) {
          throw new AEADBadTagException("it is cut off");
        }
        reading.fill(header.array());
        long position = header.getLong(0);
        int bytes = header.getInt(8);
        long stored = (long) bytes + DocumentCipher.OVERHEAD;
        if (position < 0 || bytes < 0 || stored > good - end - HEADER) {
          throw new AEADBadTagException("its header makes no sense");
        }
        byte[] part = new byte[(int) stored];
        reading.fill(part);
        byte[] opened = cipher.open(part, place(entries, position, bytes));
        plain.write(ByteBuffer.wrap(opened), position);
        entries++;
        end += HEADER + stored;
      }
    }
  }

  private String place(long entry, long position, int bytes) {
    return name + " entry " + entry + " at " + position + " bytes " + bytes;
  }

  /** The file first: what could not be written is not kept. */
  @Override
  public void write(ByteBuffer bytes, long position) throws IOException {
    int count = bytes.remaining();
    byte[] part = cipher.seal(bytes, place(entries, position, count));
    ByteBuffer entry = ByteBuffer.allocate(HEADER + part.length).order(ByteOrder.LITTLE_ENDIAN);
    entry.putLong(position).putInt(count).putInt(0).put(part).flip();
    file.write(entry, end);
    end += HEADER + part.length;
    entries++;
    plain.write(bytes, position);
  }

  @Override
  public MemorySegment mapped() {
    return plain.mapped();
  }

  @Override
  public long force(long written) throws IOException {
    file.force();
    return end;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
