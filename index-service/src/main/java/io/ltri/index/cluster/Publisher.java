package io.ltri.index.cluster;

import io.ltri.index.blob.BlobException;
import io.ltri.index.blob.BlobStore;
import io.ltri.index.blob.ListedBlob;
import io.ltri.index.store.CopiedFile;
import io.ltri.index.store.DeletionReason;
import io.ltri.index.store.DocumentCopies;
import io.ltri.index.store.DocumentCopy;
import io.ltri.index.store.FactsFile;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Puts documents into the library, and takes those away that were deleted. Can be broken off
 * anywhere and done again: a document is there when its manifest is, and that comes last and goes
 * first.
 */
final class Publisher {

  private final DocumentCopies copies;
  private final Library library;
  private final BlobStore blobs;
  private final ShardKeys keys;
  private final Split split;
  private final ReplicationFactors factors;

  /** Those whose note was read or written: it never changes. */
  private final Set<String> published = ConcurrentHashMap.newKeySet();

  Publisher(DocumentCopies copies, Library library, ReplicationFactors factors) {
    this.factors = factors;
    this.copies = copies;
    this.library = library;
    this.blobs = library.blobs();
    this.keys = library.keys();
    this.split = new Split(copies, library);
  }

  /** Forgets those that are not here any more. */
  void retain(Set<String> ids) {
    published.retainAll(ids);
  }

  /** Whether it is known here to be in the library. */
  boolean isPublished(String id) {
    if (published.contains(id)) {
      return true;
    }
    boolean noted = copies.published(id).equals(library.name());
    if (noted) {
      published.add(id);
    }
    return noted;
  }

  /**
   * Publishes a document, and before it those that it stands on.
   *
   * @return false when it was deleted meanwhile
   */
  boolean publish(String id, long nowMillis) {
    for (String ancestor : copies.ancestors(id)) {
      if (!isPublished(ancestor)) {
        put(ancestor, nowMillis, false);
      }
    }
    return put(id, nowMillis, false);
  }

  /** Puts back a document that others stand on, if it was taken away. */
  void putBack(String id, long nowMillis) {
    if (library.manifest(id) == null) {
      boolean unused = put(id, nowMillis, true);
    }
  }

  /**
   * @param everything whatever a list says
   */
  private boolean put(String id, long nowMillis, boolean everything) {
    DocumentCopy copy = copies.copy(id);
    boolean hidden = copies.isHidden(id);
    if (hidden) {
      // Who brings it in must not list it.
      library.bury(id, DeletionReason.DELETED, nowMillis);
    }
    factors.note(id);
    boolean splits = split.applies(copy);
    if (splits) {
      requireAllHere(copy);
      for (int shard : split.shards(id)) {
        if (shard != keys.shard(id)) {
          boolean unused = blobs.putIfAbsent(keys.part(shard, id), new byte[0]);
        }
      }
    }
    String parent = copy.parentId();
    if (!parent.isEmpty()) {
      // From here on nobody takes away what it stands on.
      boolean unused =
          blobs.putIfAbsent(
              keys.child(parent, id), Long.toString(nowMillis).getBytes(StandardCharsets.UTF_8));
    }
    putFiles(copy, everything);
    if (!parent.isEmpty()) {
      // It may have been taken away before it was known that this one stands on it.
      putBack(parent, nowMillis);
    }
    if (!hidden && library.isDeleted(id)) {
      takeAway(id, nowMillis);
      return false;
    }
    if (splits) {
      copies.split(id);
    }
    copies.markPublished(id, library.name());
    return true;
  }

  private void requireAllHere(DocumentCopy copy) {
    if (copies.ranges(copy.id()).size() < copy.firstLayers().size()) {
      throw new BlobException(
          BlobException.Reason.UNAVAILABLE,
          "document %s can not be put into %s: only a part of it is on this node"
              .formatted(copy.id(), blobs.place()));
    }
  }

  /** A file that is there with the right size was put as a whole before. */
  private void putFiles(DocumentCopy copy, boolean everything) {
    String id = copy.id();
    Map<String, Long> there = new HashMap<>();
    if (!everything) {
      for (ListedBlob blob : blobs.list(keys.document(id))) {
        there.put(blob.key(), blob.bytes());
      }
    }
    for (CopiedFile file : copy.files()) {
      String key = keys.file(id, file.name());
      Long bytes = there.get(key);
      if (bytes == null || bytes != file.bytes()) {
        blobs.put(key, copy.folder().resolve(file.name()), file.sha256());
      }
    }
    if (!there.containsKey(keys.facts(id))) {
      boolean unused = blobs.putIfAbsent(keys.facts(id), FactsFile.toJson(copies.facts(id)));
    }
    if (!blobs.putIfAbsent(keys.manifest(id), copy.manifest())
        && !Arrays.equals(library.manifest(id), copy.manifest())) {
      throw new BlobException(
          BlobException.Reason.DAMAGED,
          "another document %s is in %s already: this one is not published"
              .formatted(id, blobs.place()));
    }
  }

  /**
   * Removes the files of a document that has a tombstone, unless others stand on it.
   *
   * @return whether nothing of it is left
   */
  boolean takeAway(String id, long nowMillis) {
    if (isStoodOn(id, nowMillis)) {
      return false;
    }
    Set<Integer> shards = split.shards(id);
    blobs.delete(keys.manifest(id));
    if (isStoodOn(id, nowMillis)) {
      // A document that continues it was published in this moment: it puts back what is missing.
      return false;
    }
    for (ListedBlob blob : blobs.list(keys.document(id))) {
      blobs.delete(blob.key());
    }
    for (int shard : shards) {
      if (shard != keys.shard(id)) {
        blobs.delete(keys.part(shard, id));
      }
    }
    return true;
  }

  private boolean isStoodOn(String id, long nowMillis) {
    List<ListedBlob> children = blobs.list(keys.children(id));
    for (ListedBlob blob : children) {
      String child = blob.key().substring(keys.children(id).length());
      if (library.manifest(child) != null) {
        return true;
      }
      // Perhaps it is being published, or its node is away and publishes it later.
      if (!library.isDeleted(child) && nowMillis - putAt(blob) < SharedDocuments.MEMORY_MILLIS) {
        return true;
      }
    }
    return false;
  }

  private long putAt(ListedBlob marker) {
    var blob = blobs.read(marker.key());
    try {
      return blob == null ? 0 : Long.parseLong(new String(blob.bytes(), StandardCharsets.UTF_8));
    } catch (NumberFormatException e) {
      return 0;
    }
  }
}
