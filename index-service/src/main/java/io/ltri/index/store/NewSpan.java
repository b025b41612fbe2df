package io.ltri.index.store;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * A closed span, to be appended. The buffers are little-endian, read from position to limit and not
 * kept.
 *
 * @param start first token
 * @param end one after the last token
 * @param vectors float32 {@code [vectors, kvHeads, headDim]}
 * @param keys storage type, {@code [kvHeads, end - start, headDim]}
 * @param values as the keys
 */
public record NewSpan(
    int start,
    int end,
    float score,
    float confidence,
    ByteBuffer vectors,
    ByteBuffer keys,
    ByteBuffer values) {

  public NewSpan {
    vectors = vectors.slice().order(ByteOrder.LITTLE_ENDIAN);
    keys = keys.slice().order(ByteOrder.LITTLE_ENDIAN);
    values = values.slice().order(ByteOrder.LITTLE_ENDIAN);
  }

  int tokens() {
    return end - start;
  }

  /** Bytes of the keys and values of all these. */
  static long blockBytes(List<NewSpan> spans) {
    return spans.stream().mapToLong(span -> (long) span.keys.limit() + span.values.limit()).sum();
  }

  /** Bytes that all these take while a document is being built, with headers and vectors. */
  static long storedBytes(List<NewSpan> spans) {
    long bytes = 0;
    for (NewSpan span : spans) {
      bytes += BlockHeader.blockEnd(0, span.keys.limit(), span.values.limit());
      bytes += SpanRecord.BYTES + span.vectors.limit();
    }
    return bytes;
  }

  int vectorCount(DocumentLayout layout) {
    return vectors.limit() / (layout.kvHeads() * layout.vectorBytes());
  }

  /**
   * @param previousEnd end of the span before it, in the same layer
   * @param which for messages: where in the request this span stands
   */
  void check(DocumentLayout layout, int previousEnd, String which) {
    if (start < previousEnd) {
      throw new InvalidInputException(
          "%s starts at token %d, but the layer is filled up to token %d: spans of a layer are disjoint and come in order"
              .formatted(which, start, previousEnd));
    }
    if (end <= start) {
      throw new InvalidInputException("%s is empty: tokens %d to %d".formatted(which, start, end));
    }
    int row = layout.kvHeads() * layout.vectorBytes();
    if (vectors.limit() == 0 || vectors.limit() % row != 0) {
      throw new InvalidInputException(
          "%s: vectors have %d bytes; expected a positive multiple of %d (float32 [vectors, %d, %d])"
              .formatted(which, vectors.limit(), row, layout.kvHeads(), layout.headDim()));
    }
    for (int at = 0; at < vectors.limit(); at += Float.BYTES) {
      if (!Float.isFinite(vectors.getFloat(at))) {
        throw new InvalidInputException(
            "%s: a vector holds a number that is not finite".formatted(which));
      }
    }
    checkPart(layout, which, "keys", keys.limit());
    checkPart(layout, which, "values", values.limit());
  }

  private void checkPart(DocumentLayout layout, String which, String part, long bytes) {
    long expected = layout.partBytes(tokens());
    if (bytes != expected) {
      throw new InvalidInputException(
          "%s: %s have %d bytes; expected %d (%s [%d, %d, %d])"
              .formatted(
                  which,
                  part,
                  bytes,
                  expected,
                  layout.storageType().name().toLowerCase(java.util.Locale.ROOT),
                  layout.kvHeads(),
                  tokens(),
                  layout.headDim()));
    }
  }
}
