package io.ltri.index.store;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A file of an import: takes its bytes, and says at the end whether they are right. */
interface ImportedFile {

  void write(ByteBuffer bytes) throws IOException;

  /** All bytes have come. */
  void finish() throws IOException;
}
