package io.ltri.inference.span;

import java.util.Arrays;

/**
 * One number for each token of a text, for segmenters that look at the text and not at attention;
 * all layers share it. For {@code surprise} the token's surprisal in nats, NaN where it is not
 * known; for {@code sentence} 1 if the token ends a sentence, else 0.
 *
 * <p>Grows at the end and is dropped at the front. Not for use by several threads at once.
 */
public final class TokenSignal {
  private float[] values = {};
  private int first;
  private int end;

  /**
   * @param first text position of the token that is appended first
   */
  public TokenSignal(int first) {
    this.first = first;
    this.end = first;
  }

  /** Text position of the oldest token held. */
  public int first() {
    return first;
  }

  /** Text position after the newest token held. */
  public int end() {
    return end;
  }

  public void append(float... more) {
    int size = end - first;
    if (size + more.length > values.length) {
      values = Arrays.copyOf(values, Math.max(size + more.length, size + size / 2));
    }
    System.arraycopy(more, 0, values, size, more.length);
    end += more.length;
  }

  /** Forgets tokens before a text position; those already forgotten are no error. */
  public void dropBefore(int position) {
    int dropped = Math.clamp((long) position - first, 0, end - first);
    System.arraycopy(values, dropped, values, 0, end - first - dropped);
    first += dropped;
  }

  /** The number of the token at a text position. */
  public float at(int position) {
    if (position < first || position >= end) {
      throw new IndexOutOfBoundsException(
          "token %d: the signal holds those of [%d, %d)".formatted(position, first, end));
    }
    return values[position - first];
  }

  /** All that is held, [end - first]. */
  public float[] toArray() {
    return Arrays.copyOf(values, end - first);
  }
}
