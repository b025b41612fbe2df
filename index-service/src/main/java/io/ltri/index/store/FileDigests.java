package io.ltri.index.store;

import io.ltri.index.store.Manifest.FileEntry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the files of a document that is about to be sealed, for the manifest's list of them. Blocks
 * are compared with the checksums that they got when they came in: what the disk has changed since
 * is not sealed.
 */
final class FileDigests {

  private FileDigests() {}

  /**
   * @param names of the document's files, within its folder
   * @param parts how keys and values lie in the block files
   * @throws DataLossException when a block is not as it was appended
   */
  static List<FileEntry> of(
      Path folder,
      List<String> names,
      OpenDocument document,
      LayerRange[] ranges,
      StoredParts parts)
      throws IOException {
    List<FileEntry> entries = new ArrayList<>();
    for (String name : names) {
      try (FileReading file = FileReading.digested(folder.resolve(name), bytes -> {})) {
        for (LayerRange range : ranges) {
          if (name.equals(range.blockFile())) {
            checkBlocks(file, document, range, parts);
          }
        }
        file.passRest();
        entries.add(new FileEntry(name, file.size(), file.checksum(), file.digest()));
      }
    }
    return List.copyOf(entries);
  }

  private static void checkBlocks(
      FileReading file, OpenDocument document, LayerRange range, StoredParts parts)
      throws IOException {
    LayerView[] layers = new LayerView[range.count()];
    for (int i = 0; i < layers.length; i++) {
      layers[i] = document.layer(range.first() + i);
    }
    new BlockWalk(
            range,
            parts,
            new BlockWalk.Spans() {
              @Override
              public int count(int layer) {
                return layers[layer - range.first()].spanCount();
              }

              @Override
              public SpanRecord record(int layer, int span) {
                return layers[layer - range.first()].record(span);
              }
            },
            null)
        .check(
            file,
            fault -> {
              throw fault.exception(document.id());
            });
  }
}
