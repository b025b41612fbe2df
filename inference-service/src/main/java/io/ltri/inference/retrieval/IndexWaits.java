package io.ltri.inference.retrieval;

import java.time.Duration;

/**
 * How long calls to the index may take, look-ups and fetches apart, which bring their own deadline.
 *
 * @param call a call ends after this long; a call that streams, when nothing has moved for this
 *     long
 * @param retry an index that has failed is tried again after this long, not by requests but beside
 *     them
 */
public record IndexWaits(Duration call, Duration retry) {
  public static final IndexWaits DEFAULT =
      new IndexWaits(Duration.ofSeconds(10), Duration.ofSeconds(1));

  public IndexWaits {
    if (call.toMillis() < 1) {
      throw new IllegalArgumentException(
          "index-deadline is " + call.toMillis() + " ms but must be 1 ms or more");
    }
    if (retry.toMillis() < 1) {
      throw new IllegalArgumentException(
          "index-retry is " + retry.toMillis() + " ms but must be 1 ms or more");
    }
  }
}
