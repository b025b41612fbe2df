package io.ltri.inference.engine;

import java.util.Set;
import java.util.TreeSet;

/**
 * Which checkpoints of a reading stay as boundaries of its document, behind which others can go on.
 * They are evenly spaced: every checkpoint, or, where these were too many, every second, every
 * fourth and so on, so that a document has between half of the most and the most.
 *
 * @param first tokens before the reading's first chunk
 * @param every tokens from checkpoint to checkpoint
 * @param most that are kept; 0: none
 */
record Boundaries(long first, long every, int most) {

  static final Boundaries NONE = new Boundaries(0, 1, 0);

  /**
   * @param checkpointTokens after which there is a checkpoint, at the end of a chunk
   */
  static Boundaries of(long first, int checkpointTokens, int chunkTokens, int most) {
    return checkpointTokens <= 0
        ? NONE
        : new Boundaries(
            first, (long) chunkTokens * Math.ceilDiv(checkpointTokens, chunkTokens), most);
  }

  /** Tokens of those that are kept when so many were read. */
  Set<Long> keptAfter(long tokens) {
    Set<Long> kept = new TreeSet<>();
    long checkpoints = (tokens - first) / every;
    if (most == 0) {
      return kept;
    }
    long stride = 1;
    while (checkpoints / stride > most) {
      stride *= 2;
    }
    for (long number = stride; number <= checkpoints; number += stride) {
      kept.add(first + number * every);
    }
    return kept;
  }
}
