package io.ltri.evaluation.run;

import io.ltri.inference.attention.AnsweringSettings;
import io.ltri.inference.attention.ReadingSettings;
import io.ltri.inference.attention.SequenceMemory;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A text that was read under some settings; any number of sequences may go on from its end. Closing
 * deletes what the index has of it.
 *
 * @param documentId null where nothing went to the index
 * @param tail what was resident at the end
 */
public record ReadText(
    Lab lab,
    ReadingSettings settings,
    @Nullable String documentId,
    boolean hasSpans,
    Map<String, MemorySegment> tail)
    implements AutoCloseable {

  /** A sequence that goes on from here; the caller closes it. */
  public SequenceMemory resume(AnsweringSettings answering) {
    return lab.resume(this, answering);
  }

  @Override
  public void close() {
    if (documentId != null) {
      lab.forget(documentId);
    }
  }
}
