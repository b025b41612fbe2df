package io.ltri.client;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A document that the model has read.
 *
 * @param id the handle by which questions name it
 * @param kind "document", or "conversation": one that was kept for its next turn
 * @param title shown in lists
 * @param tokens how many tokens it has, with those of the document that it continues
 * @param textBytes length of the text, UTF-8
 * @param sizeBytes what its own files occupy in the index
 * @param spans over all layers
 * @param createdAt when it was read
 * @param digest SHA-256 over what determines the content
 * @param identity the fields of the digest, readable
 * @param readWith compute precision and device that read it; not part of the digest
 * @param searchMode how its spans are looked up
 * @param parentId the document that it continues; empty: none
 * @param tenant whose it is; empty: nobody's in particular
 * @param textKept whether it can be rebuilt when model or settings change
 * @param replicas index nodes of a cluster that are to serve it; 0: as many as of every document
 * @param life what may change of it
 */
public record Document(
    String id,
    String kind,
    String title,
    long tokens,
    long textBytes,
    long sizeBytes,
    long spans,
    Instant createdAt,
    String digest,
    Map<String, String> identity,
    String readWith,
    String searchMode,
    String parentId,
    String tenant,
    boolean textKept,
    int replicas,
    Life life) {

  /**
   * What may change of a document.
   *
   * @param tags in alphabetical order
   * @param lastUsedAt empty: not known
   * @param expiresAt empty: never
   * @param extendWithUse each use puts the end off
   * @param pinned never evicted
   * @param faults what a checksum found wrong; empty: nothing so far
   */
  public record Life(
      List<String> tags,
      Optional<Instant> lastUsedAt,
      Optional<Instant> expiresAt,
      boolean extendWithUse,
      boolean pinned,
      List<String> faults) {}
}
