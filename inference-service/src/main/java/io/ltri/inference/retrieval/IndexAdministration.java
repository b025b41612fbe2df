package io.ltri.inference.retrieval;

import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is done with documents of an index besides building and searching them. Every method throws
 * {@link IndexException}.
 */
public interface IndexAdministration {

  /**
   * Changes of a sealed document; null fields stay as they are.
   *
   * @param expireAfter from now; zero: never
   * @param extendBy each use moves the end so far; zero: it stays
   */
  record Change(
      @Nullable Duration expireAfter,
      @Nullable Duration extendBy,
      @Nullable Boolean pinned,
      Map<String, String> setLabels,
      Set<String> removeLabels) {}

  /** Is told how far a verification is. */
  interface VerifyListener {
    void read(long bytes, long totalBytes);
  }

  /** What a collection removed. */
  record Garbage(int expiredDocuments, int abandonedBuilds, int orphanFiles, long freedBytes) {}

  /**
   * What is known of a document that is no more.
   *
   * @param reason deleted, expired, evicted or replaced
   */
  record Deleted(String id, String tenant, long deletedAtMillis, long freedBytes, String reason) {}

  IndexedDocument update(String documentId, Change change);

  /**
   * Reads everything of a document.
   *
   * @return what is wrong with it; empty: nothing
   */
  List<String> verify(String documentId, VerifyListener listener);

  /**
   * Brings a document into the index's memory.
   *
   * @param blocks also all blocks
   * @return bytes
   */
  long prewarm(String documentId, boolean blocks);

  /** Writes a document, with those it continues, as one file. */
  void export(String documentId, OutputStream to);

  /** Takes such a file in, under a new id. */
  IndexedDocument importFrom(InputStream from, String tenant);

  /**
   * Deletes a document that another has taken the place of; the log of deletions says so.
   *
   * @return bytes freed
   */
  long deleteReplaced(String documentId);

  Garbage collectGarbage();

  /**
   * Newest first.
   *
   * @param most 0: all that are kept
   */
  List<Deleted> deleted(int most);

  /** Also kept conversations and those that are damaged beyond use. */
  List<IndexedDocument> listAll();
}
