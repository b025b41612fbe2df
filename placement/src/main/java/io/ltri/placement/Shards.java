package io.ltri.placement;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/**
 * Documents hash onto shards by the first letters of their id, so those of one group lie together.
 */
public final class Shards {

  /** Letters of an id that name its group. */
  public static final int GROUP_LETTERS = 4;

  private Shards() {}

  /** What documents that are searched together have in common: the first letters of their ids. */
  public static String group(String documentId) {
    return documentId.substring(0, Math.min(GROUP_LETTERS, documentId.length()));
  }

  /**
   * The shard of a document. It must not change between versions: documents would be looked for
   * where they are not.
   *
   * @param count how many shards there are
   */
  public static int of(String documentId, int count) {
    CRC32 hash = new CRC32();
    hash.update(group(documentId).getBytes(StandardCharsets.UTF_8));
    return (int) (hash.getValue() % count);
  }
}
