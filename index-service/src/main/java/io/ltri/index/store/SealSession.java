package io.ltri.index.store;

import java.nio.ByteBuffer;
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
  DocumentSummary finish(java.util.Map<String, String> attributes, @Nullable SearchMode mode);

  @Override
  void close();
}
