package io.ltri.index.store;

import java.nio.file.Path;
import java.util.List;

/**
 * A sealed document as the files that another store needs for the same document.
 *
 * @param folder where its files are; they may go at any time
 * @param parentId the document that it continues; empty: none
 * @param firstLayers of each range of layers that has files of its own
 * @param bytes of all files
 * @param manifest bytes of its manifest, which is not among the files
 */
@SuppressWarnings("ArrayRecordComponent")
public record DocumentCopy(
    String id,
    String parentId,
    Path folder,
    List<Integer> firstLayers,
    long bytes,
    long sealedAtMillis,
    byte[] manifest,
    List<CopiedFile> files) {

  static DocumentCopy of(Manifest manifest, Path folder) {
    return new DocumentCopy(
        manifest.id(),
        manifest.origin().parentId(),
        folder,
        manifest.firstLayers(),
        manifest.bytes(),
        manifest.sealedAtMillis(),
        manifest.toJson(),
        manifest.files().stream()
            .map(
                file ->
                    new CopiedFile(
                        file.name(), file.bytes(), file.sha256(), manifest.rangeOf(file)))
            .toList());
  }
}
