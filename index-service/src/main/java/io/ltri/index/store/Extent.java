package io.ltri.index.store;

import java.util.List;

/**
 * A run of slots of one layer in the scratch file of a document that is being built: records, or
 * vectors as {@code [kvHeads, capacity, headDim]}.
 *
 * @param first ordinal of what is in its first slot
 * @param offset where it begins in the scratch file
 */
record Extent(int first, int capacity, long offset) {

  /** Where the next one may begin in the scratch file. */
  long end(long slotBytes) {
    return Bytes.align(offset + capacity * slotBytes);
  }

  boolean holds(int ordinal) {
    return ordinal < first + capacity;
  }

  /** Which of these extents holds the ordinal. */
  static int find(List<Extent> extents, int ordinal) {
    int at = extents.size() - 1;
    while (extents.get(at).first > ordinal) {
      at--;
    }
    return at;
  }

  long recordOffset(int ordinal) {
    return offset + (long) (ordinal - first) * SpanRecord.BYTES;
  }

  /** Of the block that holds an ordinal, where codes lie as {@code [kvHeads, capacity]}. */
  long codesOffset(DocumentLayout layout, int head, int ordinal) {
    return offset
        + ((long) head * capacity + ordinal - first)
            / SummaryCodes.BLOCK
            * SummaryCodes.blockBytes(layout.headDim());
  }

  long vectorOffset(DocumentLayout layout, int head, int ordinal) {
    return offset + ((long) head * capacity + ordinal - first) * layout.vectorBytes();
  }
}
