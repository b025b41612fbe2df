package io.ltri.index.store;

import io.ltri.index.cipher.DocumentCipher;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import javax.crypto.AEADBadTagException;
import org.jspecify.annotations.Nullable;

/**
 * A file layer that encrypts the files that are made through it and written from beginning to end:
 * in pieces of 64 KiB of plain text, each with a nonce and a tag of its own, bound to the file's
 * name, to its place in the file, and the last one to being the last.
 *
 * @param prefix goes before the names that pieces are bound to
 */
record EncryptedFiles(FileLayer files, DocumentCipher cipher, String prefix) implements FileLayer {

  private static final int PIECE = 1 << 16;
  private static final int STORED = PIECE + DocumentCipher.OVERHEAD;

  /** Lucene gives its last file another name when all others are there. */
  private static final String PENDING = "pending_";

  /** The same layer when there is no cipher. */
  static FileLayer of(FileLayer files, @Nullable DocumentCipher cipher, String prefix) {
    return cipher == null ? files : new EncryptedFiles(files, cipher, prefix);
  }

  private static String name(String prefix, Path file) {
    String name = String.valueOf(file.getFileName());
    return prefix + (name.startsWith(PENDING) ? name.substring(PENDING.length()) : name);
  }

  private static String place(String name, long piece, boolean last) {
    return name + " piece " + piece + (last ? " last" : "");
  }

  @Override
  public WritableFile create(Path file) throws IOException {
    return new Pieces(files.create(file), cipher, name(prefix, file));
  }

  // -- reading
  // -----------------------------------------------------------------------------------------------------

  /** Bytes of the plain text of a file of this size. */
  static long plainBytes(long stored) {
    return stored - (stored + STORED - 1) / STORED * DocumentCipher.OVERHEAD;
  }

  /**
   * The plain text of a whole file.
   *
   * @throws AEADBadTagException when it was changed, or is not of this document
   */
  static MemorySegment read(Path file, DocumentCipher cipher, String prefix, Arena arena)
      throws IOException, AEADBadTagException {
    String name = name(prefix, file);
    try (FileReading reading = FileReading.checked(file)) {
      long size = reading.size();
      if (size < DocumentCipher.OVERHEAD) {
        throw new AEADBadTagException("it is too short");
      }
      MemorySegment plain = arena.allocate(Math.max(1, plainBytes(size)), 64);
      long at = 0;
      for (long piece = 0; reading.position() < size; piece++) {
        byte[] stored = new byte[(int) Math.min(STORED, size - reading.position())];
        reading.fill(stored);
        byte[] opened = cipher.open(stored, place(name, piece, reading.position() == size));
        MemorySegment.copy(MemorySegment.ofArray(opened), 0, plain, at, opened.length);
        at += opened.length;
      }
      return plain.asSlice(0, at);
    }
  }

  // -- writing
  // -----------------------------------------------------------------------------------------------------

  /** A file of pieces; what is written comes in order. */
  private static final class Pieces implements WritableFile {

    private final WritableFile file;
    private final DocumentCipher cipher;
    private final String name;
    private final ByteBuffer plain = ByteBuffer.allocate(PIECE);
    private long taken;
    private long stored;
    private long pieces;
    private boolean complete;

    Pieces(WritableFile file, DocumentCipher cipher, String name) {
      this.file = file;
      this.cipher = cipher;
      this.name = name;
    }

    @Override
    public void write(ByteBuffer bytes, long position) throws IOException {
      if (position != taken || complete && bytes.hasRemaining()) {
        throw new IllegalStateException("an encrypted file is written from beginning to end, once");
      }
      while (bytes.hasRemaining()) {
        if (!plain.hasRemaining()) {
          put(false);
        }
        int part = Math.min(bytes.remaining(), plain.remaining());
        plain.put(plain.position(), bytes, bytes.position(), part);
        plain.position(plain.position() + part);
        bytes.position(bytes.position() + part);
        taken += part;
      }
    }

    private void put(boolean last) throws IOException {
      byte[] piece = cipher.seal(plain.flip(), place(name, pieces, last));
      file.write(ByteBuffer.wrap(piece), stored);
      stored += piece.length;
      pieces++;
      plain.clear();
    }

    private void complete() throws IOException {
      if (!complete) {
        put(true);
        complete = true;
      }
    }

    @Override
    public void force() throws IOException {
      complete();
      file.force();
    }

    @Override
    public void close() throws IOException {
      try (file) {
        complete();
      }
    }

    @Override
    public void resize(long size) {
      throw new UnsupportedOperationException("an encrypted file keeps its length");
    }

    @Override
    public MemorySegment map(long size, Arena arena) {
      throw new UnsupportedOperationException("an encrypted file is not mapped");
    }
  }

  // -- the rest
  // ----------------------------------------------------------------------------------------------------

  @Override
  public WritableFile reopen(Path file) {
    throw new UnsupportedOperationException(file + " is encrypted: it is written once");
  }

  @Override
  public void createFolders(Path folder) throws IOException {
    files.createFolders(folder);
  }

  @Override
  public void move(Path from, Path to) throws IOException {
    files.move(from, to);
  }

  @Override
  public void delete(Path path) throws IOException {
    files.delete(path);
  }

  @Override
  public void forceFile(Path file) throws IOException {
    files.forceFile(file);
  }

  @Override
  public void forceFolder(Path folder) throws IOException {
    files.forceFolder(folder);
  }
}
