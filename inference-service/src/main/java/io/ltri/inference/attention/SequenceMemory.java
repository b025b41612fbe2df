package io.ltri.inference.attention;

import io.ltri.inference.tensor.Step;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;

/** The past of one sequence, in all layers, under one policy. */
public interface SequenceMemory extends AutoCloseable {

  /** Text tokens so far. */
  int length();

  /** Runs a step's tokens, which follow those so far, through all layers. */
  void forward(Step step);

  /**
   * Ends a reading: everything that can leave the memory does, and has arrived when this returns.
   */
  void finish();

  /**
   * What is resident, by section, from which the sequence can be continued elsewhere. Call after
   * {@link #finish()}.
   */
  Map<String, MemorySegment> tail();

  RetrievalFigures figures();

  /** What a layer attended to in the last step, in text order, disjoint. */
  List<TokenRange> attended(int layer);

  @Override
  void close();
}
