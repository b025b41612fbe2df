package io.ltri.index.store;

import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * All that the store asks of a file system when it changes something. There is one real
 * implementation; tests put one in front of it that fails at an operation of their choice.
 */
public interface FileLayer {

  /** The file system of the machine. */
  static FileLayer system() {
    return new SystemFileLayer();
  }

  /** Makes the folder and those above it, where they are missing. */
  void createFolders(Path folder) throws IOException;

  /** Makes a new file, to be written and mapped. */
  WritableFile create(Path file) throws IOException;

  /** Opens a file that exists, to be written further and mapped. */
  WritableFile reopen(Path file) throws IOException;

  /** Moves within the file system, atomically. */
  void move(Path from, Path to) throws IOException;

  /** Deletes a file or an empty folder; it must exist. */
  void delete(Path path) throws IOException;

  /** Forces the bytes of a closed file to the disk. */
  void forceFile(Path file) throws IOException;

  /** Forces the entries of a folder to the disk. */
  void forceFolder(Path folder) throws IOException;

  /** A file being written. */
  interface WritableFile extends Closeable {

    /** Writes all that remains in the buffer, at this position of the file. */
    void write(ByteBuffer bytes, long position) throws IOException;

    /** Shortens the file, or lengthens it by zeros that take no room. */
    void resize(long size) throws IOException;

    /** Forces the bytes to the disk. */
    void force() throws IOException;

    /** Maps the first bytes for reading; the mapping sees what is written later. Not a change. */
    MemorySegment map(long size, Arena arena) throws IOException;
  }
}
