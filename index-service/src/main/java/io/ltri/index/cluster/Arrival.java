package io.ltri.index.cluster;

import io.ltri.index.blob.BlobException;
import io.ltri.index.store.CopiedFile;
import io.ltri.index.store.DataLossException;
import io.ltri.index.store.DocumentCopies;
import io.ltri.index.store.DocumentCopy;
import io.ltri.index.store.DocumentFacts;
import io.ltri.index.store.IncomingCopy;
import java.io.IOException;
import java.util.Set;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** Brings documents here from the library. The caller holds the turn of their group. */
final class Arrival {

  private final DocumentCopies copies;
  private final Library library;
  private final Split split;
  private final IntPredicate shards;

  /**
   * @param shards those that are this node's: of a document that is split, their parts come
   */
  Arrival(DocumentCopies copies, Library library, IntPredicate shards) {
    this.copies = copies;
    this.library = library;
    this.split = new Split(copies, library);
    this.shards = shards;
  }

  /**
   * Brings a document, and before it those that it stands on. It is looked for its tombstone after
   * its manifest was read, and again when it is listed: whoever deletes it writes that first and
   * tells those that list it then.
   *
   * @return false when it is here already, with all that this node is to have, or is there no more
   * @throws DataLossException when what is there is damaged or not complete
   * @throws BlobException when the blob store does not answer
   */
  boolean bring(String id) {
    return bring(id, false);
  }

  private boolean bring(String id, boolean stoodOn) {
    if (copies.has(id)) {
      return bringMore(id);
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
    if (!parent.isEmpty() && !bring(parent, true) && !copies.has(parent)) {
      throw new DataLossException(
          "document %s can not be loaded: document %s, which it continues, is not in the blob store"
              .formatted(id, parent));
    }
    Set<Integer> parts = split.applies(described) ? split.parts(described, shards) : null;
    if (parts != null && parts.isEmpty()) {
      return false;
    }
    fetch(id, manifest, facts(id), hidden, parts);
    Tombstone tombstone = hidden ? null : library.tombstone(id);
    if (tombstone != null) {
      boolean unused = copies.remove(id, tombstone.reason());
    }
    return tombstone == null;
  }

  /** Of one that is split and here, the parts of shards that became this node's. */
  private boolean bringMore(String id) {
    if (!copies.isSplit(id)) {
      return false;
    }
    String parent = copies.copy(id).parentId();
    boolean more = !parent.isEmpty() && bringMore(parent);
    Set<Integer> parts = split.parts(copies.copy(id), shards);
    parts.removeAll(copies.ranges(id));
    if (parts.isEmpty()) {
      return more;
    }
    copies.addRanges(
        id,
        parts,
        file ->
            new SteadyStream(library.blobs(), library.keys().file(id, file.name()), file.bytes()));
    return true;
  }

  private DocumentFacts facts(String id) {
    DocumentFacts shared = library.facts(id);
    return shared == null ? DocumentFacts.NONE : shared;
  }

  private void fetch(
      String id,
      byte[] manifest,
      DocumentFacts facts,
      boolean hidden,
      @Nullable Set<Integer> parts) {
    try (IncomingCopy copy = copies.bring(manifest, facts, library.name(), hidden, parts)) {
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
