package io.ltri.index.cluster;

import io.ltri.index.store.DocumentCopies;
import io.ltri.index.store.DocumentCopy;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Which documents are split, and where their parts are. A part is a range of layers that has files
 * of its own; vectors and tail, about a seventh of a document, are with every part.
 */
final class Split {

  private final DocumentCopies copies;
  private final Library library;

  Split(DocumentCopies copies, Library library) {
    this.copies = copies;
    this.library = library;
  }

  /** Whether a document is split; what it continues is here or in the library. */
  boolean applies(DocumentCopy document) {
    String parent = document.parentId();
    if (parent.isEmpty()) {
      return library.splits(document);
    }
    if (copies.has(parent)) {
      return copies.isSplit(parent);
    }
    DocumentCopy described = described(parent);
    return described != null && applies(described);
  }

  private @Nullable DocumentCopy described(String id) {
    byte[] manifest = library.manifest(id);
    return manifest == null ? null : DocumentCopies.described(id, manifest);
  }

  /** Parts that belong to some shards. */
  Set<Integer> parts(DocumentCopy document, IntPredicate shards) {
    Set<Integer> parts = new TreeSet<>();
    for (int part = 0; part < document.firstLayers().size(); part++) {
      if (shards.test(library.keys().shard(document.id(), part))) {
        parts.add(part);
      }
    }
    return parts;
  }

  /** All shards that have something of a document, here or in the library. */
  Set<Integer> shards(String id) {
    Set<Integer> shards = new TreeSet<>();
    shards.add(library.keys().shard(id));
    DocumentCopy document = copies.has(id) ? copies.copy(id) : described(id);
    if (document != null && applies(document)) {
      for (int part = 0; part < document.firstLayers().size(); part++) {
        shards.add(library.keys().shard(id, part));
      }
    }
    return shards;
  }
}
