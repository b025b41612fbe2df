package io.ltri.inference.engine;

import io.ltri.inference.attention.PolicyName;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A text that is to become a document.
 *
 * @param text complete; the caller closes it
 * @param pageStarts byte of the text at which each page begins, ascending; empty: it has no pages
 * @param title shown in lists
 * @param system system message; empty: the template's own
 * @param policy null: the configured one
 * @param fresh read it even if it is known
 * @param continues handle of the document that this text continues, or null; then system message
 *     and policy are that document's
 * @param keepText with the document, so that it can be read again when model or settings change
 * @param tenant whose document it is; empty: nobody's in particular
 * @param expireAfter zero: never
 * @param extendWithUse each use puts the end off
 * @param replicas index nodes of a cluster that are to serve it; 0: as many as of every document,
 *     or as of the one that it continues
 */
public record NewText(
    ReceivedText text,
    long[] pageStarts,
    String title,
    String system,
    @Nullable PolicyName policy,
    boolean fresh,
    @Nullable String continues,
    boolean keepText,
    String tenant,
    Duration expireAfter,
    boolean extendWithUse,
    int replicas) {

  public static final long[] NO_PAGES = {};

  /** As the index has it. */
  public static final int MOST_REPLICAS = 16;

  /**
   * @throws RequestException when no document can have so many
   */
  public static int requireReplicas(int replicas) {
    if (replicas < 0 || replicas > MOST_REPLICAS) {
      throw new RequestException(
          RequestException.Reason.BAD_INPUT,
          "replicas is %d, but must be 1 to %d, or 0 for as many as the cluster has of every document"
              .formatted(replicas, MOST_REPLICAS));
    }
    return replicas;
  }

  /** A text of its own, without an end. */
  public static NewText of(ReceivedText text, String title) {
    return new NewText(
        text, NO_PAGES, title, "", null, false, null, true, "", Duration.ZERO, false, 0);
  }
}
