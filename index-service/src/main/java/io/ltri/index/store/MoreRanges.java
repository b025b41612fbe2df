package io.ltri.index.store;

import io.ltri.index.store.Manifest.FileEntry;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Changes which ranges of layers of a split document lie here. */
final class MoreRanges {

  private static final int PIECE = 1 << 18;

  private final Catalog catalog;
  private final SealedDocument document;
  private final Manifest manifest;

  MoreRanges(Catalog catalog, SealedDocument document) {
    this.catalog = catalog;
    this.document = document;
    this.manifest = document.manifest();
  }

  /** Files of some ranges, those that concern all layers left out. */
  private List<FileEntry> files(Set<Integer> ranges) {
    return manifest.files().stream()
        .filter(
            file -> {
              int range = manifest.rangeOf(file);
              return range >= 0 && ranges.contains(range);
            })
        .toList();
  }

  /**
   * Brings the files of ranges, each verified before it comes to its place.
   *
   * @throws DataLossException when these are not their bytes
   */
  void add(Set<Integer> ranges, DocumentCopies.Source source) throws IOException {
    Set<Integer> all = new TreeSet<>(document.rangesHere());
    Set<Integer> missing = new TreeSet<>(ranges);
    missing.removeAll(all);
    if (missing.isEmpty()) {
      return;
    }
    List<FileEntry> wanted = files(missing);
    long bytes = wanted.stream().mapToLong(FileEntry::bytes).sum();
    catalog.life.accounts().require(manifest.id(), bytes, bytes);
    Path staging = catalog.documents.resolve(Catalog.IMPORTING).resolve(manifest.id());
    try {
      catalog.files.createFolders(staging);
      for (FileEntry file : wanted) {
        take(file, staging.resolve(file.name()), source);
      }
      for (FileEntry file : wanted) {
        Path place = document.folder().resolve(file.name());
        if (Files.exists(place)) {
          // Left from when the range was here before.
          catalog.files.delete(place);
        }
        catalog.files.move(staging.resolve(file.name()), place);
      }
      catalog.files.forceFolder(document.folder());
      all.addAll(missing);
      RangesNote.write(catalog.files, document.folder(), all);
      document.reopen();
    } finally {
      catalog.deleteQuietly(staging);
    }
  }

  private void take(FileEntry file, Path into, DocumentCopies.Source source) throws IOException {
    MessageDigest digest = FileReading.sha256();
    try (SequentialFile out = new SequentialFile(catalog.files, into);
        InputStream in =
            source.open(new CopiedFile(file.name(), file.bytes(), file.sha256(), -1))) {
      byte[] piece = new byte[PIECE];
      for (long left = file.bytes(); left > 0; ) {
        int read = in.read(piece, 0, (int) Math.min(piece.length, left));
        if (read < 0) {
          break;
        }
        digest.update(piece, 0, read);
        out.put(ByteBuffer.wrap(piece, 0, read));
        left -= read;
      }
      out.force();
      if (!HexFormat.of().formatHex(digest.digest()).equals(file.sha256())) {
        throw new DataLossException(
            "document %s: file %s is not as it was sealed".formatted(manifest.id(), file.name()));
      }
    }
  }

  /** Who reads a range that goes can finish. */
  void keepOnly(Set<Integer> ranges) throws IOException {
    Set<Integer> go = new TreeSet<>(document.rangesHere());
    go.removeAll(ranges);
    Set<Integer> stay = new TreeSet<>(document.rangesHere());
    stay.retainAll(ranges);
    if (go.isEmpty() || stay.isEmpty()) {
      return;
    }
    RangesNote.write(catalog.files, document.folder(), stay);
    document.reopen();
    for (FileEntry file : files(go)) {
      catalog.files.delete(document.folder().resolve(file.name()));
    }
    catalog.files.forceFolder(document.folder());
  }
}
