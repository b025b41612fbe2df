package io.ltri.index.store;

/** Is told how a verification goes on, on the thread that verifies. */
public interface VerifyProgress {

  /** What it throws ends the verification, and comes out of it. */
  void read(long readBytes, long totalBytes);
}
