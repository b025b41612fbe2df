package io.ltri.inference.attention;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

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

  /** Are spans sent to the index? Otherwise everything stays in the process and in the tail. */
  public boolean usesIndex() {
    return switch (this) {
      case FULL, STREAMING, INFLLM, ORACLE -> false;
      default -> true;
    };
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
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
