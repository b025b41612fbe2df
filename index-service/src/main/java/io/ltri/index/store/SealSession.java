package io.ltri.index.store;

import java.nio.ByteBuffer;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A seal in progress: take the tail, then finish. Closing it unfinished leaves the document as it
 * was before, spans can be appended again. One thread at a time.
 */
public interface SealSession extends AutoCloseable {

  /** Continues this section of the tail, or begins it. The buffer is not kept. */
  void tail(String section, ByteBuffer data);

  /**
   * Makes the document durable and lists it.
   *
   * @param mode null: by size
   */
  DocumentSummary finish(
      Map<String, String> attributes, @Nullable SearchMode mode, SealFacts facts);

  /** As above, of a document whose life has no end. */
  default DocumentSummary finish(Map<String, String> attributes, @Nullable SearchMode mode) {
    return finish(attributes, mode, SealFacts.NONE);
  }

  @Override
  void close();
}
