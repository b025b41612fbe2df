package io.ltri.index.store;

import java.nio.file.Path;

/** A document the store knows of by its id, and what has become of it so far. */
sealed interface Entry {

  record Building(BuildingDocument document) implements Entry {}

  record Sealed(SealedDocument document) implements Entry {}

  /** Its manifest can not be read, or what it stands on is missing. */
  record Damaged(Path folder, DataLossException problem) implements Entry {}
}
