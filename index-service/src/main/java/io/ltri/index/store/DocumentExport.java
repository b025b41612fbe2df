package io.ltri.index.store;

import io.ltri.index.store.Manifest.FileEntry;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.archivers.zip.ZipEncodingHelper;
import org.jspecify.annotations.Nullable;

/**
 * A sealed document as the bytes of one file: a tar archive that holds, for each document of its
 * chain, the ones it stands on first, {@code ID/manifest.json} and then the files that it lists, in
 * its order. The same document gives the same bytes.
 *
 * <p>All files are opened at the beginning, so a document that is deleted meanwhile still comes out
 * whole. Every file is compared with its digest while it is read: what is damaged ends the export.
 * One thread at a time.
 */
public final class DocumentExport implements AutoCloseable {

  private static final int BLOCK = TarConstants.DEFAULT_RCDSIZE;
  private static final int PIECE = 1 << 18;

  private interface Step {

    /** Bytes that follow; null when the step is done. */
    @Nullable ByteBuffer next() throws IOException;
  }

  private final Deque<Step> steps = new ArrayDeque<>();
  private final List<FileReading> files = new ArrayList<>();

  /**
   * @param chain the document, after those it stands on
   */
  DocumentExport(List<SealedDocument> chain) throws IOException {
    boolean complete = false;
    try {
      for (SealedDocument document : chain) {
        add(document);
      }
      steps.add(once(ByteBuffer.allocate(2 * BLOCK)));
      complete = true;
    } finally {
      if (!complete) {
        close();
      }
    }
  }

  private void add(SealedDocument document) throws IOException {
    Manifest manifest = document.manifest();
    if (document.rangesHere().size() < manifest.ranges().length) {
      throw new WrongStateException(
          "document %s is split over the nodes of a cluster, and only a part of it is on this one: it can not be exported here; its files are in the blob store"
              .formatted(manifest.id()));
    }
    byte[] json = manifest.toJson();
    steps.add(once(header(manifest, Manifest.FILE, json.length)));
    steps.add(once(ByteBuffer.wrap(json)));
    steps.add(once(padding(json.length)));
    for (FileEntry entry : manifest.files()) {
      FileReading file;
      try {
        file = FileReading.digested(document.folder().resolve(entry.name()), bytes -> {});
      } catch (NoSuchFileException e) {
        if (document.isReleased()) {
          throw new DocumentNotFoundException("document " + manifest.id() + " was deleted");
        }
        throw marked(document, Fault.missing(entry.name()));
      }
      files.add(file);
      if (file.size() != entry.bytes()) {
        throw marked(document, Fault.size(entry.name(), file.size(), entry.bytes()));
      }
      steps.add(once(header(manifest, entry.name(), entry.bytes())));
      steps.add(contents(document, entry, file));
      steps.add(once(padding(entry.bytes())));
    }
  }

  private static DataLossException marked(SealedDocument document, Fault fault) {
    document.marks().add(fault);
    return fault.exception(document.manifest().id());
  }

  private static ByteBuffer header(Manifest manifest, String name, long bytes) throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(manifest.id() + "/" + name);
    entry.setSize(bytes);
    entry.setMode(0100644);
    entry.setModTime(manifest.sealedAtMillis() / 1000 * 1000);
    byte[] header = new byte[BLOCK];
    entry.writeEntryHeader(header, ZipEncodingHelper.getZipEncoding("UTF-8"), true);
    return ByteBuffer.wrap(header);
  }

  private static ByteBuffer padding(long bytes) {
    return ByteBuffer.allocate((int) (-bytes & (BLOCK - 1)));
  }

  private static Step once(ByteBuffer bytes) {
    boolean[] done = {!bytes.hasRemaining()};
    return () -> {
      if (done[0]) {
        return null;
      }
      done[0] = true;
      return bytes;
    };
  }

  private static Step contents(SealedDocument document, FileEntry entry, FileReading file) {
    return () -> {
      try {
        if (file.position() < entry.bytes()) {
          return file.next(Math.min(PIECE, entry.bytes() - file.position()));
        }
      } catch (EOFException e) {
        throw marked(document, new Fault(entry.name(), "it became shorter while it was read"));
      }
      if (!file.digest().equals(entry.sha256())) {
        throw marked(document, new Fault(entry.name(), "its checksum does not match"));
      }
      return null;
    };
  }

  /**
   * The next bytes of the file, valid until the next call; null at its end.
   *
   * @throws DataLossException when the document is damaged: what was handed out so far is not whole
   */
  public @Nullable ByteBuffer next() {
    try {
      while (!steps.isEmpty()) {
        ByteBuffer bytes = steps.getFirst().next();
        if (bytes != null) {
          return bytes;
        }
        steps.removeFirst();
      }
      return null;
    } catch (IOException e) {
      throw DocumentStore.failure("export a document", e);
    }
  }

  @Override
  public void close() {
    for (FileReading file : files) {
      try {
        file.close();
      } catch (IOException e) {
        throw new StorageFailureException("a file could not be closed", e);
      }
    }
    files.clear();
  }
}
