package io.ltri.inference.retrieval.cluster;

import java.util.concurrent.atomic.AtomicLong;

/** Bytes of spans that are kept, over all sequences, to be given to other nodes. */
final class ReplayBudget {

  private final long most;
  private final AtomicLong taken = new AtomicLong();

  ReplayBudget(long most) {
    this.most = most;
  }

  boolean take(long bytes) {
    if (taken.addAndGet(bytes) <= most) {
      return true;
    }
    giveBack(bytes);
    return false;
  }

  void giveBack(long bytes) {
    taken.addAndGet(-bytes);
  }

  long taken() {
    return taken.get();
  }
}
