package io.ltri.index.cluster;

import io.ltri.index.blob.BlobStore;
import io.ltri.index.blob.ListedBlob;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a list of a shard shows; it may be behind, so nothing is decided by what it does not show.
 *
 * @param documents per id, what lies in its folder, by the names there
 * @param parts ids of documents of other shards, of which this one has a part
 * @param deleted ids of tombstones
 */
record ShardListing(
    Map<String, Map<String, ListedBlob>> documents, Set<String> parts, Set<String> deleted) {

  static ShardListing of(BlobStore blobs, int shard) {
    Map<String, Map<String, ListedBlob>> documents = new TreeMap<>();
    String folder = ShardKeys.documents(shard);
    for (ListedBlob blob : blobs.list(folder)) {
      String name = blob.key().substring(folder.length());
      int slash = name.indexOf('/');
      if (slash > 0) {
        documents
            .computeIfAbsent(name.substring(0, slash), first -> new TreeMap<>())
            .put(name.substring(slash + 1), blob);
      }
    }
    return new ShardListing(
        documents, ids(blobs, ShardKeys.parts(shard)), ids(blobs, ShardKeys.deleted(shard)));
  }

  private static Set<String> ids(BlobStore blobs, String folder) {
    Set<String> ids = new HashSet<>();
    for (ListedBlob blob : blobs.list(folder)) {
      ids.add(blob.key().substring(folder.length()));
    }
    return ids;
  }

  boolean isPublished(String id) {
    return file(id, ShardKeys.MANIFEST) != null;
  }

  @Nullable ListedBlob file(String id, String name) {
    Map<String, ListedBlob> files = documents.get(id);
    return files == null ? null : files.get(name);
  }
}
