package io.ltri.index.store;

/** State of a document. */
public enum DocumentState {
  BUILDING,
  SEALING,
  READY,
  /** Some of its bytes are not those that were written; what is sound is still served. */
  DAMAGED
}
