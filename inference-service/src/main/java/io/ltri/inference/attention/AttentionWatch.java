package io.ltri.inference.attention;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Looks on while a sequence attends: where each step looks in the text. Called by the thread that
 * runs the model.
 */
public interface AttentionWatch {

  /** A step begins; of one that began before and did not reach its last layer nothing counts. */
  void beginStep();

  /**
   * A layer has attended to sink, retrieved spans and local part.
   *
   * @param spans the retrieved ones, in text order, disjoint
   * @param localStart first text position of the local part
   * @param end text position after the step's last token
   * @param queries of the step
   * @param queryHeads of the layer
   * @param received float32 [queryHeads, tokens of the spans + end - localStart], row-major: the
   *     sum over the step's queries of the probability that they give each token, those of the
   *     spans first; valid during the call
   */
  void attended(
      int layer,
      List<TokenRange> spans,
      int localStart,
      int end,
      int queries,
      int queryHeads,
      MemorySegment received);
}
