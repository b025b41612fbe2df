package io.ltri.inference.attention;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * A text that is read once and then continued by any number of sequences, each with its own budget:
 * for evaluations, which ask many things about one text. What the text has in the index is deleted
 * when this is closed; close the sequences before.
 */
public final class SharedText implements AutoCloseable {
  private final SequenceMemory reading;
  private final BiFunction<AnsweringSettings, Map<String, MemorySegment>, SequenceMemory> resume;
  private final Runnable whenClosed;
  private @Nullable Map<String, MemorySegment> tail;

  SharedText(
      SequenceMemory reading,
      BiFunction<AnsweringSettings, Map<String, MemorySegment>, SequenceMemory> resume,
      Runnable whenClosed) {
    this.reading = reading;
    this.resume = resume;
    this.whenClosed = whenClosed;
  }

  /**
   * Takes the text, chunk by chunk.
   *
   * @throws IllegalStateException after the first fork, when the text has ended
   */
  public SequenceMemory reading() {
    if (tail != null) {
      throw new IllegalStateException("a sequence goes on from this text: it cannot grow any more");
    }
    return reading;
  }

  /** A sequence that goes on where the text ends. The first call ends the reading. */
  public SequenceMemory fork(AnsweringSettings answering) {
    Map<String, MemorySegment> end = tail;
    if (end == null) {
      reading.finish();
      end = reading.tail();
      tail = end;
      reading.close();
    }
    return resume.apply(answering, end);
  }

  @Override
  public void close() {
    if (tail == null) {
      reading.close();
    }
    whenClosed.run();
  }
}
