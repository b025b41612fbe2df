package io.ltri.inference.attention;

import io.ltri.inference.span.SegmenterName;
import io.ltri.inference.span.SpanSettings;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Which of the past a layer attends to. */
public enum PolicyName {
  /** Everything; memory and time per token grow with the text. */
  FULL,
  /**
   * The first tokens (sink) and the last ones (window); the rest is forgotten. StreamingLLM, arXiv
   * 2309.17453.
   */
  STREAMING,
  /**
   * Sink, window, and the spans that an index finds for the queries at hand. Ltri-LLM, arXiv
   * 2412.04757.
   */
  LTRI,
  /** As {@link #LTRI}, but spans have one length. */
  UNIFORM(SegmenterName.UNIFORM),
  /** As {@link #LTRI}, but spans end where sentences do. */
  SENTENCE(SegmenterName.SENTENCE),
  /** As {@link #LTRI}, but the lengths of spans are drawn at random. */
  RANDOM(SegmenterName.RANDOM),
  /**
   * As {@link #LTRI}, but spans begin with tokens that surprise the model. Of EM-LLM (arXiv
   * 2407.09450) these are the events; look-up, budget and positions are not its own.
   */
  EM_LLM(SegmenterName.SURPRISE),
  /**
   * Sink, window, and blocks of 128 tokens found by their most attended keys, all that is out of
   * the window at one distance. InfLLM, arXiv 2402.04617; a baseline.
   */
  INFLLM,
  /**
   * Sink, window, and the tokens with the most attention, found by looking at every key: what a
   * perfect retriever would give. A baseline.
   */
  ORACLE;

  private final @Nullable SegmenterName segmenter;

  PolicyName() {
    this(null);
  }

  PolicyName(@Nullable SegmenterName segmenter) {
    this.segmenter = segmenter;
  }

  /** Are spans sent to the index? Otherwise everything stays in the process and in the tail. */
  public boolean usesIndex() {
    return switch (this) {
      case FULL, STREAMING, INFLLM, ORACLE -> false;
      case LTRI, UNIFORM, SENTENCE, RANDOM, EM_LLM -> true;
    };
  }

  /** Does it choose what it attends to out of all the text, up to a budget? */
  public boolean hasBudget() {
    return this != FULL && this != STREAMING;
  }

  /** Under it, how a layer is cut into spans: its own segmenter, or the configured one. */
  SpanSettings spans(SpanSettings configured) {
    return segmenter == null ? configured : configured.with(segmenter);
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * @throws IllegalArgumentException if there is no policy of that name
   */
  public static PolicyName of(String name) {
    return Arrays.stream(values())
        .filter(policy -> policy.toString().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no attention policy '"
                        + name
                        + "': there is "
                        + Arrays.stream(values())
                            .map(PolicyName::toString)
                            .collect(Collectors.joining(", "))));
  }
}
