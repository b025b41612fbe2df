package io.ltri.placement;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/**
 * Documents hash onto shards by the first letters of their id, so those of one group lie together.
 * An id may begin with a replication factor; the shards of factor k are numbered from k times the
 * count on, before them are those of documents that have none of their own.
 */
public final class Shards {

  /** Letters of an id that name its group, after its factor if it has one. */
  public static final int GROUP_LETTERS = 4;

  /** No document has more replicas. */
  public static final int MOST_REPLICAS = 16;

  /** Begins an id with a factor; the letters of ids are others. */
  private static final char FACTOR = '0';

  private static final int FACTOR_LETTERS = 2;
  private static final int RADIX = 1 + MOST_REPLICAS;

  private Shards() {}

  /** What documents that are searched together have in common: the first letters of their ids. */
  public static String group(String documentId) {
    int letters = GROUP_LETTERS + factorLetters(documentId);
    return documentId.substring(0, Math.min(letters, documentId.length()));
  }

  /**
   * How ids of documents begin that ask for so many replicas.
   *
   * @param replicas 0: as many as the cluster has of every shard
   */
  public static String factor(int replicas) {
    requireFactor(replicas);
    return replicas == 0 ? "" : "" + FACTOR + Character.forDigit(replicas, RADIX);
  }

  /**
   * @throws IllegalArgumentException when no document can have so many replicas
   */
  public static void requireFactor(int replicas) {
    if (replicas < 0 || replicas > MOST_REPLICAS) {
      throw new IllegalArgumentException(
          "replicas must be 1 to %d, or 0 for as many as the cluster has of all documents, not %d"
              .formatted(MOST_REPLICAS, replicas));
    }
  }

  /** Replicas that a document asks for; 0: as many as the cluster has of every shard. */
  public static int replicas(String documentId) {
    return factorLetters(documentId) == 0 ? 0 : Character.digit(documentId.charAt(1), RADIX);
  }

  private static int factorLetters(String documentId) {
    return documentId.length() >= FACTOR_LETTERS
            && documentId.charAt(0) == FACTOR
            && Character.digit(documentId.charAt(1), RADIX) > 0
        ? FACTOR_LETTERS
        : 0;
  }

  /**
   * The shard of a document. It must not change between versions: documents would be looked for
   * where they are not.
   *
   * @param count how many shards there are of each factor
   */
  public static int of(String documentId, int count) {
    return of(documentId, 0, count);
  }

  /**
   * Of a document that is split by ranges of layers, the shard of a part. The first is that of the
   * document; the others follow, so that all are found by its id alone.
   *
   * @param count how many shards there are of each factor
   */
  public static int of(String documentId, int part, int count) {
    CRC32 hash = new CRC32();
    hash.update(
        group(documentId).substring(factorLetters(documentId)).getBytes(StandardCharsets.UTF_8));
    return replicas(documentId) * count + (int) ((hash.getValue() + part) % count);
  }
}
