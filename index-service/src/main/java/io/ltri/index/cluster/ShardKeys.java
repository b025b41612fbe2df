package io.ltri.index.cluster;

import io.ltri.placement.Shards;

/**
 * Where things lie in the blob store.
 *
 * @param shards how many there are of each replication factor
 */
record ShardKeys(int shards) {

  /** Names the library: written by the first node, so that another store is not taken for it. */
  static final String LIBRARY = "library.json";

  static final String MANIFEST = "manifest.json";
  static final String FACTS = "facts.json";

  /** Of each replication factor that a document asks or asked for: a key. */
  static final String FACTORS = "replicas/";

  /** Of the documents that continue a document: a key for each. */
  private static final String CHILDREN = "children/";

  int shard(String id) {
    return Shards.of(id, shards);
  }

  /**
   * Of a document that is split by ranges of layers, the shard of a part. The first is that of the
   * document; the others follow, so that all are found by its id alone.
   */
  int shard(String id, int part) {
    return Shards.of(id, part, shards);
  }

  static String documents(int shard) {
    return "shards/%03d/".formatted(shard);
  }

  /** Of each shard, the documents of which it has a part that is not their first. */
  static String parts(int shard) {
    return "parts/%03d/".formatted(shard);
  }

  static String deleted(int shard) {
    return "deleted/%03d/".formatted(shard);
  }

  String document(String id) {
    return documents(shard(id)) + id + "/";
  }

  String manifest(String id) {
    return document(id) + MANIFEST;
  }

  String facts(String id) {
    return document(id) + FACTS;
  }

  String file(String id, String name) {
    return document(id) + name;
  }

  String children(String id) {
    return document(id) + CHILDREN;
  }

  String child(String parent, String id) {
    return children(parent) + id;
  }

  String part(int shard, String id) {
    return parts(shard) + id;
  }

  static String factor(int replicas) {
    return FACTORS + replicas;
  }

  String tombstone(String id) {
    return deleted(shard(id)) + id;
  }
}
