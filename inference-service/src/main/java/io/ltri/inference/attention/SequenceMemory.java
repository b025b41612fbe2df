package io.ltri.inference.attention;

import io.ltri.inference.tensor.Step;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The past of one sequence, in all layers, under one policy. */
public interface SequenceMemory extends AutoCloseable {

  /** Text tokens so far. */
  int length();

  /** Runs a step's tokens, which follow those so far, through all layers. */
  default void forward(Step step) {
    begin(step);
    for (int layer = 0; layer < step.layers(); layer++) {
      project(step, layer);
      attend(step, layer);
    }
    end(step);
  }

  /**
   * The parts of {@link #forward}, for those who do other work between them: this, then {@link
   * #project} and {@link #attend} for each layer in order, then {@link #end}. A memory whose pass
   * was not brought to its end, or failed in the middle, can only be closed.
   */
  void begin(Step step);

  /** Makes room, computes queries, keys and values, and sends the look-up if there is one. */
  void project(Step step, int layer);

  /** Whether the look-up that the layer's attention needs is answered, or needs none. */
  default boolean isAnswered(int layer) {
    return true;
  }

  /** Takes what the look-up found, if there was one, and attends. */
  void attend(Step step, int layer);

  /** The step's tokens are part of the past. */
  void end(Step step);

  /**
   * Ends a reading: everything that can leave the memory does, and has arrived when this returns.
   */
  void finish();

  /**
   * What is resident, by section, from which the sequence can be continued elsewhere. Call after
   * {@link #finish()}.
   */
  Map<String, MemorySegment> tail();

  /**
   * What is resident in the middle of a reading, from which it can be continued, to the last bit,
   * by another memory over the same document. Everything sent to the index has arrived when this
   * returns.
   *
   * @return null if this memory has state that a tail does not hold
   */
  default @Nullable Map<String, MemorySegment> checkpoint() {
    return null;
  }

  /**
   * The private document with the spans of this sequence; null if it has none. Once it is sealed it
   * is to be {@link #keepSpans kept}.
   */
  default @Nullable String spansId() {
    return null;
  }

  /** The private document is no longer deleted with this sequence. */
  default void keepSpans() {}

  /**
   * From the next step on somebody sees what this attends to. Changes nothing of what is computed;
   * a memory that cannot show it shows nothing.
   *
   * @param watch null: nobody does, and nothing is computed for it
   */
  default void showAttention(@Nullable AttentionWatch watch) {}

  RetrievalFigures figures();

  /** What a layer attended to in the last step, in text order, disjoint. */
  List<TokenRange> attended(int layer);

  @Override
  void close();
}
