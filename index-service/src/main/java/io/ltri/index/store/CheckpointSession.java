package io.ltri.index.store;

import java.nio.ByteBuffer;

/**
 * A checkpoint in progress: take the tail, then finish. Closing it unfinished leaves the checkpoint
 * before it in place. One thread at a time; spans can be appended meanwhile, and those that were
 * appended before {@link #finish} are covered.
 */
public interface CheckpointSession extends AutoCloseable {

  /** Continues this section of the tail, or begins it. The buffer is not kept. */
  void tail(String section, ByteBuffer data);

  /** Makes all spans appended so far, and the tail, durable. */
  DocumentSummary finish();

  @Override
  void close();
}
