package io.ltri.index.store;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** The tail of a sealed document, borrowed for reading; its memory stays valid until closed. */
public final class DocumentTail implements AutoCloseable {

  private final OpenDocument document;
  private final TailSections tail;

  DocumentTail(OpenDocument document, TailSections tail) {
    this.document = document;
    this.tail = tail;
  }

  /** Names of the sections, in the order they were written. */
  public List<String> sections() {
    return tail.sections().stream().map(TailFile.Section::name).toList();
  }

  /** The bytes of a section, verified against its checksum. */
  public MemorySegment read(String section) {
    return tail.sections().stream()
        .filter(candidate -> candidate.name().equals(section))
        .findFirst()
        .map(tail::read)
        .orElseThrow(
            () ->
                new InvalidInputException(
                    "document %s has no tail section %s; it has %s"
                        .formatted(document.id(), section, String.join(", ", sections()))));
  }

  @Override
  public void close() {
    document.close();
  }
}
