package io.ltri.index.store;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * A file that is appended to and, at the same time, read. One writer; any number of readers, of
 * bytes that the writer has published to them.
 */
interface Growing extends AutoCloseable {

  void write(ByteBuffer bytes, long position) throws IOException;

  /** Covers at least all that was written when the caller came to know of it. */
  MemorySegment mapped();

  /** Forces to the disk; what was written so far takes so many bytes of the file. */
  long force(long written) throws IOException;

  @Override
  void close() throws IOException;
}
