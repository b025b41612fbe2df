package io.ltri.index.cluster;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.ltri.index.blob.Blob;
import io.ltri.index.blob.BlobException;
import io.ltri.index.blob.BlobStore;
import io.ltri.index.store.DeletionReason;
import io.ltri.index.store.DocumentCopy;
import io.ltri.index.store.DocumentFacts;
import io.ltri.index.store.FactsFile;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What a blob store says of documents, read and decided directly, without lists. */
final class Library {

  private final BlobStore blobs;
  private final ShardKeys keys;
  private final String name;
  private final long splitBytes;

  private Library(BlobStore blobs, ShardKeys keys, String name, long splitBytes) {
    this.blobs = blobs;
    this.keys = keys;
    this.name = name;
    this.splitBytes = splitBytes;
  }

  /**
   * Opens the library in a blob store, which is made if there is none.
   *
   * @param shards as all nodes must have them
   * @param splitBytes documents as large as this are split by ranges of layers; 0: none; of no
   *     account when the library is there
   */
  static Library open(BlobStore blobs, int shards, long splitBytes) {
    JsonObject json = new JsonObject();
    json.addProperty("library", UUID.randomUUID().toString());
    json.addProperty("shards", shards);
    json.addProperty("split_bytes", splitBytes);
    if (blobs.read(ShardKeys.LIBRARY) == null) {
      boolean unused =
          blobs.putIfAbsent(ShardKeys.LIBRARY, json.toString().getBytes(StandardCharsets.UTF_8));
    }
    JsonObject found = read(blobs);
    if (found.get("shards").getAsInt() != shards) {
      throw new IllegalArgumentException(
          "the documents in %s lie in %s shards, not in %d: set LTRI_INDEX_SHARDS to that, or name another blob store"
              .formatted(blobs.place(), found.get("shards"), shards));
    }
    return new Library(
        blobs,
        new ShardKeys(shards),
        found.get("library").getAsString(),
        found.has("split_bytes") ? found.get("split_bytes").getAsLong() : 0);
  }

  private static JsonObject read(BlobStore blobs) {
    Blob blob = blobs.read(ShardKeys.LIBRARY);
    if (blob == null) {
      throw new BlobException(
          BlobException.Reason.UNAVAILABLE,
          "there is no %s in %s: it was emptied, or is another place than it was"
              .formatted(ShardKeys.LIBRARY, blobs.place()));
    }
    try {
      return JsonParser.parseString(new String(blob.bytes(), StandardCharsets.UTF_8))
          .getAsJsonObject();
    } catch (JsonParseException | IllegalStateException e) {
      throw new BlobException(
          BlobException.Reason.DAMAGED,
          "%s in %s can not be read".formatted(ShardKeys.LIBRARY, blobs.place()),
          e);
    }
  }

  /** Names this library, wherever it lies. */
  String name() {
    return name;
  }

  ShardKeys keys() {
    return keys;
  }

  BlobStore blobs() {
    return blobs;
  }

  /**
   * An empty folder, for instance one that is not mounted, looks like a library from which all
   * documents were taken.
   *
   * @throws BlobException when it is not the library that was opened
   */
  void requireSame() {
    if (!read(blobs).get("library").getAsString().equals(name)) {
      throw new BlobException(
          BlobException.Reason.UNAVAILABLE,
          "%s holds another library than when this node started".formatted(blobs.place()));
    }
  }

  /**
   * Whether a document that continues no other is split by ranges of layers; one that does is split
   * as that one is. All nodes say the same of a document, for its files never change.
   */
  boolean splits(DocumentCopy document) {
    return splitBytes > 0
        && document.bytes() >= splitBytes
        && document.firstLayers().size() > 1
        && keys.shards() > 1;
  }

  @Nullable Tombstone tombstone(String id) {
    Blob blob = blobs.read(keys.tombstone(id));
    return blob == null ? null : Tombstone.fromJson(blob.bytes());
  }

  boolean isDeleted(String id) {
    return blobs.read(keys.tombstone(id)) != null;
  }

  /** Decides that a document is gone, unless that is decided already. */
  void bury(String id, DeletionReason reason, long nowMillis) {
    boolean unused =
        blobs.putIfAbsent(keys.tombstone(id), new Tombstone(reason, nowMillis).toJson());
  }

  byte @Nullable [] manifest(String id) {
    Blob blob = blobs.read(keys.manifest(id));
    return blob == null ? null : blob.bytes();
  }

  /** Null: nothing is said, or it can not be read. */
  @Nullable DocumentFacts facts(String id) {
    Blob blob = blobs.read(keys.facts(id));
    return blob == null ? null : FactsFile.fromJson(blob.bytes());
  }
}
