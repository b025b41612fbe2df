package io.ltri.index.store;

import io.ltri.index.cipher.TenantKeys;
import io.ltri.index.store.Manifest.FileEntry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The documents of a file that is imported: they lie in a folder of their own until all are there,
 * verified and on the disk; then each is moved to its place, the ones that others stand on first.
 */
final class ImportedDocuments implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ImportedDocuments.class);

  /** What the store does for an import. */
  interface Host {

    FileLayer files();

    TenantKeys keys();

    /** Where sealed documents lie. */
    Path documents();

    /**
     * @param here what it continues here, and whose it is
     */
    String idFor(Manifest exported, Origin here);

    /** Whether ids stay as they are: a copy of a document, whose parent is here already. */
    default boolean keepsIds() {
      return false;
    }

    /** The ranges of layers that come, of a document that is split over nodes; null: all. */
    default @Nullable Set<Integer> ranges() {
      return null;
    }

    /**
     * Called when the manifest of a document is known and nothing of its files was written.
     *
     * @throws NoRoomException when they do not fit
     */
    void admit(Manifest manifest) throws IOException;

    /**
     * Another document of the same file continues this one, and it came only for that: it is not to
     * be listed when it comes to its place.
     */
    void hide(SealedDocument document) throws IOException;

    /** A document that was hidden does not come. */
    void forget(String id);

    /** The document is whole, in its folder, and about to come to its place. */
    void prepare(Manifest manifest, Path folder) throws IOException;

    /** The document is at its place. */
    DocumentSummary list(SealedDocument document) throws IOException;

    /** However it went. */
    void end();

    void deleteQuietly(Path path);
  }

  /** A document that comes in. */
  private static final class Arriving {
    final Manifest exported;
    final Manifest manifest;
    final Path folder;
    final List<FileEntry> files;
    int complete;

    Arriving(Manifest exported, String id, Origin origin, Path folder, List<FileEntry> files) {
      this.exported = exported;
      this.manifest = exported.as(id, origin);
      this.folder = folder;
      this.files = files;
    }

    @Nullable FileEntry next() {
      return complete < files.size() ? files.get(complete) : null;
    }
  }

  private final Host host;
  private final String tenant;
  private final Path folder;
  private final List<Arriving> arriving = new ArrayList<>();
  private @Nullable SequentialFile open;

  /**
   * @param tenant whose they are from now on; empty: as exported
   * @param folder does not exist yet; nothing is left of it afterwards
   */
  ImportedDocuments(Host host, String tenant, Path folder) throws IOException {
    this.host = host;
    this.tenant = tenant;
    this.folder = folder;
    host.files().createFolders(folder);
  }

  /**
   * The next file.
   *
   * @param name {@code ID/FILE}, as exported
   */
  ImportedFile begin(String name, long bytes) throws IOException {
    Arriving current = arriving.isEmpty() ? null : arriving.getLast();
    FileEntry expected = current == null ? null : current.next();
    if (current == null || expected == null) {
      if (!name.endsWith("/" + Manifest.FILE)) {
        throw new InvalidInputException(
            "this is no file of documents: %s comes where a manifest should be".formatted(name));
      }
      return new ManifestFile(name.substring(0, name.length() - Manifest.FILE.length() - 1));
    }
    String wanted = current.exported.id() + "/" + expected.name();
    if (!name.equals(wanted) || bytes != expected.bytes()) {
      throw new InvalidInputException(
          "this is no file of documents: %s with %d bytes comes where %s with %d bytes should be"
              .formatted(name, bytes, wanted, expected.bytes()));
    }
    return new PlainFile(current, expected);
  }

  private final class ManifestFile implements ImportedFile {

    private final String id;
    private final ByteArrayOutputStream json = new ByteArrayOutputStream();

    ManifestFile(String id) {
      this.id = id;
    }

    @Override
    public void write(ByteBuffer bytes) {
      byte[] part = new byte[bytes.remaining()];
      bytes.get(part);
      json.writeBytes(part);
    }

    @Override
    public void finish() throws IOException {
      Manifest exported = Manifest.fromJson(json.toByteArray(), id, Path.of(Manifest.FILE));
      if (!exported.id().equals(id)) {
        throw new InvalidInputException(
            "this is no file of documents: the manifest of %s is that of %s"
                .formatted(id, exported.id()));
      }
      Origin origin = origin(exported);
      var unused = Ciphers.open(host.keys(), exported.encryption(), origin, id);
      host.admit(exported);
      String newId = host.idFor(exported, origin);
      Path into = folder.resolve(newId);
      host.files().createFolders(into.resolve(VectorFolder.FOLDER));
      Set<Integer> wanted = host.ranges();
      arriving.add(
          new Arriving(
              exported,
              newId,
              origin,
              into,
              wanted == null ? exported.files() : exported.files(wanted)));
      if (wanted != null) {
        RangesNote.write(host.files(), into, wanted);
      }
    }
  }

  /** Its parent has another name here, too. */
  private Origin origin(Manifest exported) {
    if (host.keepsIds()) {
      return exported.origin();
    }
    String owner = tenant.isEmpty() ? exported.origin().tenant() : tenant;
    String parent = exported.origin().parentId();
    if (parent.isEmpty()) {
      return new Origin(owner, "");
    }
    for (Arriving before : arriving) {
      if (before.exported.id().equals(parent)) {
        long tokens = exported.origin().parentTokens();
        if (tokens > 0) {
          var unused = before.manifest.boundary(tokens);
        }
        return new Origin(owner, before.manifest.id(), tokens);
      }
    }
    throw new InvalidInputException(
        "this is no file of documents: %s continues %s, which is not in it"
            .formatted(exported.id(), parent));
  }

  private final class PlainFile implements ImportedFile {

    private final Arriving document;
    private final FileEntry entry;
    private final SequentialFile out;
    private final MessageDigest digest = FileReading.sha256();

    PlainFile(Arriving document, FileEntry entry) throws IOException {
      this.document = document;
      this.entry = entry;
      this.out = new SequentialFile(host.files(), document.folder.resolve(entry.name()));
      open = out;
    }

    @Override
    public void write(ByteBuffer bytes) throws IOException {
      digest.update(bytes.duplicate());
      out.put(bytes);
    }

    @Override
    public void finish() throws IOException {
      out.force();
      out.close();
      open = null;
      if (out.checksum() != entry.checksum()
          || !HexFormat.of().formatHex(digest.digest()).equals(entry.sha256())) {
        throw new DataLossException(
            "document %s: file %s is not as it was sealed: the exported file was damaged. Nothing was imported; export the document again"
                .formatted(document.exported.id(), entry.name()));
      }
      document.complete++;
    }
  }

  /** Moves the documents to their places; all of them or none. */
  DocumentSummary publish() throws IOException {
    if (arriving.isEmpty() || arriving.getLast().next() != null) {
      throw new DataLossException(
          "the file is not whole: documents or files are missing. Nothing was imported");
    }
    for (Arriving document : arriving) {
      checkStructure(document);
      host.prepare(document.manifest, document.folder);
      document.manifest.write(host.files(), document.folder);
    }
    List<Arriving> moved = new ArrayList<>();
    try {
      for (Arriving document : arriving.subList(0, arriving.size() - 1)) {
        host.hide(sealed(document, target(document)));
      }
      for (Arriving document : arriving) {
        host.files().move(document.folder, target(document));
        moved.add(document);
      }
      host.files().forceFolder(host.documents());
    } catch (IOException e) {
      takeBack(moved);
      throw e;
    }
    Arriving exported = arriving.getLast();
    return host.list(sealed(exported, target(exported)));
  }

  private SealedDocument sealed(Arriving document, Path place) {
    return new SealedDocument(document.manifest, place, host.files(), host.keys());
  }

  private Path target(Arriving document) {
    return host.documents().resolve(document.manifest.id());
  }

  private void takeBack(List<Arriving> moved) {
    for (Arriving document : moved.reversed()) {
      try {
        host.files().move(target(document), document.folder);
      } catch (IOException e) {
        LOG.warn(
            "an import failed, but its document {} is listed after a restart: {}",
            document.manifest.id(),
            e.toString());
        return;
      }
    }
    arriving.forEach(document -> host.forget(document.manifest.id()));
  }

  /**
   * A copy comes from a node of this cluster, and what is encrypted was made by somebody who has
   * the key: those are not in doubt.
   */
  private boolean trusted(Arriving document) {
    return host.keepsIds() || document.exported.encryption() != null;
  }

  /** Before they are opened here. */
  private void checkVectors(Arriving document) throws IOException {
    if (trusted(document)) {
      return;
    }
    String problem = ImportedVectors.problem(document.folder);
    if (problem != null) {
      throw new InvalidInputException(
          "document %s: its folder %s makes no sense: %s. Nothing was imported"
              .formatted(document.exported.id(), VectorFolder.FOLDER, problem));
    }
  }

  private void checkCodes(Arriving document, SealedVectors vectors) {
    if (trusted(document)) {
      return;
    }
    String problem = vectors.codesProblem();
    if (problem != null) {
      throw new InvalidInputException(
          "document %s: file %s makes no sense: %s. Nothing was imported"
              .formatted(document.exported.id(), CodesFile.NAME, problem));
    }
  }

  /** Sizes and checksums are right; now whether what they protect makes sense. */
  private void checkStructure(Arriving document) throws IOException {
    checkVectors(document);
    SealedDocument sealed = sealed(document, document.folder);
    try (OpenDocument opened = sealed.open()) {
      if (opened != null) {
        SealedFiles files = SealedDocument.files(opened);
        Set<Integer> here = RangesNote.read(document.manifest, document.folder);
        LayerRange[] ranges = document.manifest.ranges();
        for (int i = 0; i < ranges.length; i++) {
          if (here != null && !here.contains(i)) {
            continue;
          }
          LayerRange range = ranges[i];
          long blockBytes = document.manifest.file(range.blockFile()).bytes();
          String problem =
              SpanTable.recordProblem(
                  files.range(range.first()).table(), range, document.manifest.parts(), blockBytes);
          if (problem != null) {
            throw new InvalidInputException(
                "document %s: span table %s makes no sense: %s. Nothing was imported"
                    .formatted(document.exported.id(), range.spanTable(), problem));
          }
        }
        checkCodes(document, files.vectors());
        files.tail();
        for (Boundary boundary : document.manifest.boundaries()) {
          try (SealedFiles.BoundaryTail tail = files.boundaryTail(boundary)) {
            var unused = tail.sections();
          }
        }
      }
    } finally {
      sealed.release();
    }
  }

  @Override
  public void close() {
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        LOG.debug("a file could not be closed: {}", e.toString());
      }
      open = null;
    }
    host.deleteQuietly(folder);
    host.end();
  }
}
