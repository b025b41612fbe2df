package io.ltri.index.store;

import java.lang.foreign.MemorySegment;

/**
 * Brings a sealed document into the memory of the machine. Opening it reads and verifies span
 * tables and vectors; what is damaged is marked and left out.
 */
final class Prewarming {

  private final OpenDocument document;
  private long bytes;

  private Prewarming(OpenDocument document) {
    this.document = document;
  }

  /**
   * Returns when everything that is sound is there.
   *
   * @param blocks also all blocks
   * @return bytes that are there
   */
  static long run(OpenDocument document, boolean blocks) {
    Prewarming run = new Prewarming(document);
    SealedFiles files = SealedDocument.files(document);
    for (int layer = 0; layer < document.layout().layers(); layer++) {
      int at = layer;
      run.attempt(() -> run.layer(document.layer(at), blocks));
    }
    for (LayerRange range : files.manifest().ranges()) {
      run.attempt(() -> run.load(files.range(range.first()).table()));
    }
    run.attempt(
        () -> {
          SealedFiles.Tail tail = files.tail();
          tail.sections().forEach(section -> run.attempt(() -> run.load(tail.read(section))));
        });
    return run.bytes;
  }

  private void layer(LayerView layer, boolean blocks) {
    for (int head = 0; head < document.layout().kvHeads(); head++) {
      int kvHead = head;
      attempt(() -> layer.runs(kvHead).forEach(run -> load(run.vectors())));
      attempt(() -> layer.codes(kvHead).forEach(run -> load(run.blocks())));
    }
    if (blocks) {
      for (int i = 0; i < layer.spanCount(); i++) {
        int span = i;
        attempt(() -> load(layer.keys(span)));
        attempt(() -> load(layer.values(span)));
      }
    }
  }

  /** What was decrypted is in memory, and where that is not kept, what it was decrypted from. */
  private void load(MemorySegment part) {
    if (part.isMapped() && part.byteSize() > 0) {
      part.load();
    }
    bytes += part.byteSize();
  }

  /** What is damaged was marked when it was found. */
  private void attempt(Runnable loading) {
    try {
      loading.run();
    } catch (DataLossException e) {
      // The rest can still be had.
    }
  }
}
