package io.ltri.index.cluster;

import io.ltri.index.blob.BlobException;
import io.ltri.index.store.CopiedFile;
import io.ltri.index.store.DataLossException;
import io.ltri.index.store.DocumentCopies;
import io.ltri.index.store.DocumentCopy;
import io.ltri.index.store.DocumentFacts;
import io.ltri.index.store.IncomingCopy;
import java.io.IOException;

/** Brings documents here from the library. The caller holds the turn of their group. */
final class Arrival {

  private final DocumentCopies copies;
  private final Library library;

  Arrival(DocumentCopies copies, Library library) {
    this.copies = copies;
    this.library = library;
  }

  /**
   * Brings a document, and before it those that it stands on. It is looked for its tombstone after
   * its manifest was read, and again when it is listed: whoever deletes it writes that first and
   * tells those that list it then.
   *
   * @return false when it is here already, or is there no more
   * @throws DataLossException when what is there is damaged or not complete
   * @throws BlobException when the blob store does not answer
   */
  boolean bring(String id) {
    return bring(id, false);
  }

  private boolean bring(String id, boolean stoodOn) {
    if (copies.has(id)) {
      return false;
    }
    byte[] manifest = library.manifest(id);
    if (manifest == null) {
      return false;
    }
    boolean hidden = library.isDeleted(id);
    if (hidden && !stoodOn) {
      return false;
    }
    DocumentCopy described = DocumentCopies.described(id, manifest);
    String parent = described.parentId();
    if (!parent.isEmpty() && !copies.has(parent) && !bring(parent, true)) {
      throw new DataLossException(
          "document %s can not be loaded: document %s, which it continues, is not in the blob store"
              .formatted(id, parent));
    }
    fetch(id, manifest, facts(id), hidden);
    Tombstone tombstone = hidden ? null : library.tombstone(id);
    if (tombstone != null) {
      boolean unused = copies.remove(id, tombstone.reason());
    }
    return tombstone == null;
  }

  private DocumentFacts facts(String id) {
    DocumentFacts shared = library.facts(id);
    return shared == null ? DocumentFacts.NONE : shared;
  }

  private void fetch(String id, byte[] manifest, DocumentFacts facts, boolean hidden) {
    try (IncomingCopy copy = copies.bring(manifest, facts, library.name(), hidden)) {
      for (CopiedFile file : copy.files()) {
        take(copy, id, file);
      }
      var unused = copy.finish();
    }
  }

  private void take(IncomingCopy copy, String id, CopiedFile file) {
    String key = library.keys().file(id, file.name());
    try (SteadyStream in = new SteadyStream(library.blobs(), key, file.bytes())) {
      copy.take(file, in);
    } catch (BlobException e) {
      if (e.reason() == BlobException.Reason.NOT_FOUND) {
        throw incomplete(id, file, e);
      }
      throw e;
    } catch (IOException e) {
      throw new BlobException(
          BlobException.Reason.UNAVAILABLE, "%s could not be read: %s".formatted(key, e), e);
    }
  }

  private DataLossException incomplete(String id, CopiedFile file, BlobException cause) {
    return new DataLossException(
        "document %s can not be loaded: its file %s is not in the blob store"
            .formatted(id, file.name()),
        cause);
  }
}
