package io.ltri.index.store;

/** Why a document is gone. */
public enum DeletionReason {
  /** Somebody asked for it. */
  DELETED,
  /** Its time was over. */
  EXPIRED,
  /** Its room was needed. */
  EVICTED,
  /** Another one took its place. */
  REPLACED,
  /** Only here: other nodes, or the blob store, have it. It is not recorded. */
  UNLOADED
}
