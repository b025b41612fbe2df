package io.ltri.index.store;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** A tail that can be read by section. */
interface TailSections {

  List<TailFile.Section> sections();

  /** The bytes of a section, verified. */
  MemorySegment read(TailFile.Section section);
}
