package io.ltri.inference.attention;

import io.ltri.inference.retrieval.BlockCache;
import io.ltri.inference.retrieval.BlockLayout;
import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.NewDocument;
import io.ltri.inference.retrieval.SpanIndex;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The private, unsealed document that takes a sequence's own spans: made when the first are closed,
 * deleted at the end. Any thread.
 */
final class Delta implements OwnSpans {
  private static final Logger log = LoggerFactory.getLogger(Delta.class);

  private final SpanIndex index;
  private final BlockLayout layout;
  private final BlockCache cache;
  private final String tenant;
  private final @Nullable String parentId;
  private @Nullable String id;
  private boolean ended;

  /**
   * @param parentId document under the sequence, or null
   */
  Delta(
      SpanIndex index,
      BlockLayout layout,
      BlockCache cache,
      String tenant,
      @Nullable String parentId) {
    this.index = index;
    this.layout = layout;
    this.cache = cache;
    this.tenant = tenant;
    this.parentId = parentId;
  }

  @Override
  public synchronized String id() {
    if (ended) {
      throw new IndexException(IndexException.Reason.WRONG_STATE, "the sequence has ended");
    }
    String made = id;
    if (made == null) {
      made = index.create(new NewDocument(layout, Map.of(), true, tenant, "", parentId)).id();
      id = made;
    }
    return made;
  }

  /** Null if {@link #id()} was never called. */
  @Override
  public synchronized @Nullable String idIfMade() {
    return id;
  }

  @Override
  public synchronized void lost(String lost) {
    if (lost.equals(id)) {
      id = null;
      cache.forget(lost);
    }
  }

  @Override
  public synchronized void keep() {
    ended = true;
    id = null;
  }

  @Override
  public synchronized void end() {
    ended = true;
    String made = id;
    if (made == null) {
      return;
    }
    id = null;
    cache.forget(made);
    try {
      long freed = index.delete(made);
      log.debug("delta {} deleted, {} bytes freed", made, freed);
    } catch (IndexException e) {
      log.warn(
          "delta {} could not be deleted ({}): that is done when the index is back, or by the index at its next start",
          made,
          e.getMessage());
    }
  }
}
