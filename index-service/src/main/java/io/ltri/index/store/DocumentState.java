package io.ltri.index.store;

/** State of a document. */
public enum DocumentState {
  BUILDING,
  SEALING,
  READY
}
