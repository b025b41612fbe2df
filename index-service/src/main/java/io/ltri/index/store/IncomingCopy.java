package io.ltri.index.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A document that comes from another store, verified on the way like an import. Closing it before
 * it has finished leaves nothing. One thread.
 */
public final class IncomingCopy implements AutoCloseable {

  private static final int PIECE = 1 << 18;

  private final ImportedDocuments documents;
  private final DocumentCopy described;
  private final @Nullable Set<Integer> ranges;

  private IncomingCopy(
      ImportedDocuments documents, DocumentCopy described, @Nullable Set<Integer> ranges) {
    this.documents = documents;
    this.described = described;
    this.ranges = ranges;
  }

  static IncomingCopy begin(
      ImportedDocuments documents, byte[] manifest, @Nullable Set<Integer> ranges)
      throws IOException {
    boolean begun = false;
    try {
      DocumentCopy described =
          DocumentCopy.of(
              Manifest.fromJson(manifest, "that comes", java.nio.file.Path.of(Manifest.FILE)),
              java.nio.file.Path.of("."));
      ImportedFile file = documents.begin(described.id() + "/" + Manifest.FILE, manifest.length);
      file.write(ByteBuffer.wrap(manifest));
      file.finish();
      begun = true;
      return new IncomingCopy(documents, described, ranges);
    } finally {
      if (!begun) {
        documents.close();
      }
    }
  }

  /** To be taken in this order. */
  public List<CopiedFile> files() {
    Set<Integer> some = ranges;
    return some == null
        ? described.files()
        : described.files().stream()
            .filter(file -> file.range() < 0 || some.contains(file.range()))
            .toList();
  }

  /**
   * Takes the next file.
   *
   * @throws IOException when the stream fails
   * @throws DataLossException when these are not its bytes
   * @throws NoRoomException when there is no room for it
   */
  public void take(CopiedFile file, InputStream in) throws IOException {
    ImportedFile to;
    try {
      to = documents.begin(described.id() + "/" + file.name(), file.bytes());
    } catch (IOException e) {
      throw failure(e);
    }
    byte[] piece = new byte[PIECE];
    long left = file.bytes();
    while (left > 0) {
      int bytes = in.read(piece, 0, (int) Math.min(piece.length, left));
      if (bytes < 0) {
        throw new DataLossException(
            "document %s: file %s ends %d bytes too early"
                .formatted(described.id(), file.name(), left));
      }
      try {
        to.write(ByteBuffer.wrap(piece, 0, bytes));
      } catch (IOException e) {
        throw failure(e);
      }
      left -= bytes;
    }
    try {
      to.finish();
    } catch (IOException e) {
      throw failure(e);
    }
  }

  private StoreException failure(IOException e) {
    return DocumentStore.failure("bring document %s here".formatted(described.id()), e);
  }

  /** Makes it durable, and lists it unless it is hidden. */
  public DocumentSummary finish() {
    try {
      return documents.publish();
    } catch (IOException e) {
      throw failure(e);
    }
  }

  @Override
  public void close() {
    documents.close();
  }
}
