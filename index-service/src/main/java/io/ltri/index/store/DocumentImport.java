package io.ltri.index.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.archivers.tar.TarUtils;
import org.jspecify.annotations.Nullable;

/**
 * Takes in the file that a {@link DocumentExport} gives, as it comes: its parts go to their places
 * and are verified on the way, so nothing is kept in memory and nothing is written twice. Closing
 * it before it has finished leaves nothing. One thread at a time.
 */
public final class DocumentImport implements AutoCloseable {

  private static final int BLOCK = TarConstants.DEFAULT_RCDSIZE;

  /** Attributes are in the manifest; they came in one message each, so this is more than enough. */
  private static final long LONGEST_MANIFEST = 64L << 20;

  private final ImportedDocuments documents;
  private final byte[] header = new byte[BLOCK];
  private int headerBytes;
  private @Nullable ImportedFile file;
  private long fileBytesLeft;

  /** Bytes to pass over behind the file. */
  private long padding;

  private boolean ended;
  private long position;

  DocumentImport(ImportedDocuments documents) {
    this.documents = documents;
  }

  /**
   * The next bytes of the file, cut anywhere. The buffer is not kept.
   *
   * @throws InvalidInputException when this is no file of documents
   * @throws DataLossException when it is damaged
   * @throws NoRoomException when there is no room for it
   */
  public void take(ByteBuffer data) {
    ByteBuffer from = data.duplicate();
    try {
      while (from.hasRemaining()) {
        int before = from.remaining();
        if (file != null) {
          contents(file, from);
        } else if (padding > 0) {
          int bytes = (int) Math.min(padding, from.remaining());
          from.position(from.position() + bytes);
          padding -= bytes;
        } else {
          header(from);
        }
        position += before - from.remaining();
      }
    } catch (IOException e) {
      throw DocumentStore.failure("import a document", e);
    }
  }

  private void contents(ImportedFile into, ByteBuffer from) throws IOException {
    int bytes = (int) Math.min(fileBytesLeft, from.remaining());
    into.write(from.slice(from.position(), bytes));
    from.position(from.position() + bytes);
    fileBytesLeft -= bytes;
    endFileWhenComplete(into);
  }

  private void endFileWhenComplete(ImportedFile into) throws IOException {
    if (fileBytesLeft == 0) {
      file = null;
      into.finish();
    }
  }

  private void header(ByteBuffer from) throws IOException {
    int bytes = Math.min(BLOCK - headerBytes, from.remaining());
    from.get(header, headerBytes, bytes);
    headerBytes += bytes;
    if (headerBytes < BLOCK) {
      return;
    }
    headerBytes = 0;
    if (Arrays.equals(header, new byte[BLOCK])) {
      ended = true;
      return;
    }
    TarArchiveEntry entry = ended ? null : parsed();
    if (entry == null || entry.getSize() < 0) {
      throw new InvalidInputException(
          "this is no file of documents, or it is damaged: there is no header at byte %d"
              .formatted(position + bytes - BLOCK));
    }
    if (entry.getName().endsWith("/" + Manifest.FILE) && entry.getSize() > LONGEST_MANIFEST) {
      throw new InvalidInputException(
          "%s has %d bytes; it may have %d"
              .formatted(entry.getName(), entry.getSize(), LONGEST_MANIFEST));
    }
    ImportedFile begun = documents.begin(entry.getName(), entry.getSize());
    file = begun;
    fileBytesLeft = entry.getSize();
    padding = -entry.getSize() & (BLOCK - 1);
    endFileWhenComplete(begun);
  }

  private @Nullable TarArchiveEntry parsed() {
    try {
      return TarUtils.verifyCheckSum(header) ? new TarArchiveEntry(header) : null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /**
   * Makes the document durable and lists it, under a new id.
   *
   * @return the last document of the file: the one that was exported
   */
  public DocumentSummary finish() {
    if (!ended) {
      throw new DataLossException(
          "the file is not whole: it ends at byte %d, in the middle. Nothing was imported"
              .formatted(position));
    }
    try {
      return documents.publish();
    } catch (IOException e) {
      throw DocumentStore.failure("import a document", e);
    }
  }

  @Override
  public void close() {
    documents.close();
  }
}
