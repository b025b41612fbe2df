package io.ltri.index.store;

import io.ltri.index.store.Manifest.FileEntry;
import io.ltri.index.store.Manifest.LayerCounts;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The documents of a data folder. {@code documents/ID/} holds a sealed document; {@code
 * documents/.building/} those being built; {@code documents/.deleting/} what is being removed. A
 * document comes into the first by one atomic rename when everything in it, the manifest last, was
 * forced to the disk, and leaves it by one.
 *
 * <p>The data folder can be moved: nothing in it is an absolute path. The caller makes sure that no
 * two stores share it (see {@link FolderLock}).
 */
public final class DocumentStore implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(DocumentStore.class);

  private static final String BUILDING = ".building";
  private static final String DELETING = ".deleting";
  private static final String IMPORTING = ".importing";
  private static final String SCRATCH = ".scratch";
  private static final char[] ID_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789".toCharArray();
  private static final int ID_LENGTH = 16;

  private final FileLayer files;
  private final StoreSettings settings;
  private final Path documents;
  private final SecureRandom random = new SecureRandom();
  private final Map<String, Entry> entries = new ConcurrentHashMap<>();
  private final OpenDocuments opened;

  /** A document the store knows of. */
  private sealed interface Entry {

    record Building(BuildingDocument document) implements Entry {}

    record Sealed(SealedDocument document) implements Entry {}

    /** Its manifest can not be read. */
    record Damaged(Path folder, DataLossException problem) implements Entry {}
  }

  /** Opens the data folder: finds the sealed documents, deletes what was half-built. */
  public DocumentStore(StoreSettings settings, FileLayer files) {
    this.settings = settings;
    this.files = files;
    this.opened = new OpenDocuments(settings.openDocuments());
    this.documents = settings.dataFolder().resolve("documents");
    try {
      files.createFolders(documents.resolve(BUILDING));
      files.createFolders(documents.resolve(DELETING));
      files.createFolders(documents.resolve(IMPORTING));
      clean(BUILDING, "unfinished documents of an earlier run were deleted");
      clean(DELETING, "deletions of an earlier run were completed");
      clean(IMPORTING, "unfinished imports of an earlier run were deleted");
      findDocuments();
    } catch (IOException e) {
      throw failure("open the data folder " + settings.dataFolder(), e);
    }
  }

  private void clean(String name, String message) throws IOException {
    List<String> cleaned = new ArrayList<>();
    for (Path left : list(documents.resolve(name))) {
      deleteTree(left);
      String file = left.getFileName().toString();
      if (!file.endsWith(SCRATCH)) {
        cleaned.add(file);
      }
    }
    if (!cleaned.isEmpty()) {
      LOG.warn("{} {}: {}", cleaned.size(), message, String.join(", ", cleaned));
    }
  }

  private void findDocuments() throws IOException {
    for (Path folder : list(documents)) {
      String id = folder.getFileName().toString();
      if (id.startsWith(".") || !Files.isDirectory(folder)) {
        continue;
      }
      try {
        entries.put(
            id, new Entry.Sealed(new SealedDocument(readManifest(id, folder), folder, files)));
      } catch (DataLossException e) {
        LOG.warn("a damaged document is not listed: {}", e.getMessage());
        entries.put(id, new Entry.Damaged(folder, e));
      }
    }
  }

  private static Manifest readManifest(String id, Path folder) throws IOException {
    Path file = folder.resolve(Manifest.FILE);
    try {
      Manifest manifest =
          Manifest.fromJson(Files.readAllBytes(file), id, Path.of(id, Manifest.FILE));
      if (!manifest.id().equals(id)) {
        throw new DataLossException(
            "document %s: its manifest belongs to document %s: rename the folder back"
                .formatted(id, manifest.id()));
      }
      return manifest;
    } catch (NoSuchFileException e) {
      throw new DataLossException("document %s: %s is missing".formatted(id, Manifest.FILE), e);
    }
  }

  private static List<Path> list(Path folder) throws IOException {
    try (var paths = Files.list(folder)) {
      return paths.sorted().toList();
    }
  }

  // -- building
  // ----------------------------------------------------------------------------------------------------

  /**
   * Starts an empty document.
   *
   * @param ephemeral a private delta of one sequence: never sealed, never listed
   */
  public DocumentSummary create(
      DocumentLayout layout, Map<String, String> attributes, boolean ephemeral) {
    String id = newId();
    Path folder = documents.resolve(BUILDING).resolve(id);
    Path scratch = documents.resolve(BUILDING).resolve(id + SCRATCH);
    try {
      BuildingDocument document =
          new BuildingDocument(
              files,
              folder,
              scratch,
              id,
              layout,
              attributes,
              ephemeral,
              settings.layersPerFile(),
              System.currentTimeMillis());
      entries.put(id, new Entry.Building(document));
      return document.summary();
    } catch (IOException e) {
      deleteQuietly(folder);
      deleteQuietly(scratch);
      throw failure("create a document", e);
    }
  }

  private String newId() {
    StringBuilder id = new StringBuilder();
    for (int i = 0; i < ID_LENGTH; i++) {
      id.append(ID_LETTERS[random.nextInt(ID_LETTERS.length)]);
    }
    return id.toString();
  }

  /** Adds all of these spans to a layer, or none; when it returns they can be searched. */
  public void append(String id, int layer, List<NewSpan> spans) {
    try {
      building(id, "append to").append(layer, spans);
    } catch (IOException e) {
      throw failure("append to document " + id, e);
    }
  }

  /** Begins to seal: no appends from here on. */
  public SealSession beginSeal(String id) {
    BuildingDocument document = building(id, "seal");
    document.beginSeal();
    // What an earlier attempt could not delete.
    deleteSealFiles(document);
    try {
      return new Sealing(document);
    } catch (IOException e) {
      undoSeal(document);
      throw failure("seal document " + id, e);
    }
  }

  private BuildingDocument building(String id, String what) {
    return switch (entry(id)) {
      case Entry.Building building -> building.document;
      case Entry.Sealed sealed ->
          throw new WrongStateException(
              "can not %s document %s: it is sealed and never changes again".formatted(what, id));
      case Entry.Damaged damaged -> throw damaged.problem;
    };
  }

  /** Removes what a seal has written so far, and lets the document be appended to again. */
  private void undoSeal(BuildingDocument document) {
    deleteSealFiles(document);
    document.resume();
  }

  private void deleteSealFiles(BuildingDocument document) {
    Path folder = document.folder();
    deleteQuietly(folder.resolve(TailFile.FILE));
    deleteQuietly(folder.resolve(VectorFolder.FOLDER));
    deleteQuietly(folder.resolve(Manifest.FILE));
    deleteQuietly(folder.resolve(Manifest.FILE + ".new"));
    for (LayerRange range : LayerRange.of(document.layout().layers(), document.layersPerFile())) {
      deleteQuietly(folder.resolve(range.spanTable()));
    }
  }

  private final class Sealing implements SealSession {

    private final BuildingDocument document;
    private final TailFile.Writer tail;
    private boolean finished;

    Sealing(BuildingDocument document) throws IOException {
      this.document = document;
      this.tail = new TailFile.Writer(files, document.folder());
    }

    @Override
    public void tail(String section, ByteBuffer data) {
      try {
        tail.write(section, data);
      } catch (IOException e) {
        throw failure("write the tail of document " + document.id(), e);
      }
    }

    @Override
    public DocumentSummary finish(Map<String, String> attributes, @Nullable SearchMode mode) {
      Path target = documents.resolve(document.id());
      try {
        Manifest manifest = writeAll(attributes, mode);
        files.move(document.folder(), target);
        forceMove(target);
        finished = true;
        SealedDocument sealed = new SealedDocument(manifest, target, files);
        entries.put(document.id(), new Entry.Sealed(sealed));
        document.release();
        deleteQuietly(document.scratchFolder());
        return sealed.summary();
      } catch (IOException e) {
        throw failure("seal document " + document.id(), e);
      }
    }

    /**
     * A rename that may not survive a power failure is taken back, so that the caller can seal
     * again.
     */
    private void forceMove(Path target) throws IOException {
      try {
        files.forceFolder(documents);
        files.forceFolder(documents.resolve(BUILDING));
      } catch (IOException e) {
        try {
          files.move(target, document.folder());
        } catch (IOException stuck) {
          LOG.warn(
              "document {} is sealed, but a power failure in the next seconds may undo it: {}",
              document.id(),
              e.toString());
          return;
        }
        throw e;
      }
    }

    private Manifest writeAll(Map<String, String> added, @Nullable SearchMode asked)
        throws IOException {
      Path folder = document.folder();
      Map<String, String> attributes = new HashMap<>(document.attributes());
      attributes.putAll(added);
      List<String> written = new ArrayList<>();
      List<FileEntry> digests;
      List<LayerCounts> counts = new ArrayList<>();
      SearchMode mode;
      try (OpenDocument source = Objects.requireNonNull(document.open())) {
        int vectors = 0;
        for (int layer = 0; layer < document.layout().layers(); layer++) {
          LayerView view = source.layer(layer);
          long tokens = 0;
          for (int span = 0; span < view.spanCount(); span++) {
            tokens += view.end(span) - view.start(span);
          }
          counts.add(new LayerCounts(view.spanCount(), view.vectorCount(), tokens));
          vectors = Math.max(vectors, view.vectorCount());
        }
        mode =
            asked != null
                ? asked
                : vectors >= settings.graphFromVectors() ? SearchMode.GRAPH : SearchMode.SCAN;
        LayerRange[] ranges = LayerRange.of(document.layout().layers(), document.layersPerFile());
        document.forceBlocks();
        for (LayerRange range : ranges) {
          written.add(range.blockFile());
          written.add(SpanTable.write(files, folder, range, source));
        }
        written.addAll(
            VectorFolder.write(files, folder, source, mode, settings.luceneBufferMegabytes()));
        written.add(tail.finish());
        tail.close();
        digests = FileDigests.of(folder, written, source, ranges);
      }
      Manifest manifest =
          new Manifest(
              document.id(),
              document.layout(),
              Map.copyOf(attributes),
              document.createdAtMillis(),
              System.currentTimeMillis(),
              mode,
              document.layersPerFile(),
              List.copyOf(counts),
              digests);
      manifest.write(files, folder);
      return manifest;
    }

    @Override
    public void close() {
      try {
        tail.close();
      } catch (IOException e) {
        LOG.debug("a tail could not be closed: {}", e.toString());
      }
      if (!finished) {
        finished = true;
        undoSeal(document);
      }
    }
  }

  // -- reading
  // -----------------------------------------------------------------------------------------------------

  /** Borrows a document, sealed or being built. */
  public OpenDocument open(String id) {
    // A document may be sealed between the look into the map and the opening: then the second look
    // finds it.
    for (int attempt = 0; attempt < 3; attempt++) {
      try {
        OpenDocument document =
            switch (entry(id)) {
              case Entry.Building building -> building.document.open();
              case Entry.Sealed sealed -> openSealed(id, sealed.document);
              case Entry.Damaged damaged -> throw damaged.problem;
            };
        if (document != null) {
          return document;
        }
      } catch (IOException e) {
        throw failure("open document " + id, e);
      }
    }
    throw notFound(id);
  }

  private @Nullable OpenDocument openSealed(String id, SealedDocument document) throws IOException {
    OpenDocument reader = document.open();
    if (reader != null) {
      opened.used(id, document);
    }
    return reader;
  }

  /** Borrows the tail of a sealed document. */
  public DocumentTail openTail(String id) {
    if (entry(id) instanceof Entry.Building) {
      throw new WrongStateException("document %s has no tail yet: it is being built".formatted(id));
    }
    OpenDocument document = open(id);
    try {
      return new DocumentTail(document, SealedDocument.tail(document));
    } catch (RuntimeException e) {
      document.close();
      throw e;
    }
  }

  public DocumentSummary summary(String id) {
    return summary(entry(id));
  }

  private static DocumentSummary summary(Entry entry) {
    return switch (entry) {
      case Entry.Building building -> building.document.summary();
      case Entry.Sealed sealed -> sealed.document.summary();
      case Entry.Damaged damaged -> throw damaged.problem;
    };
  }

  /** Sealed documents, newest first; ephemeral and damaged ones never. */
  public List<DocumentSummary> list(boolean includeBuilding) {
    return entries.values().stream()
        .filter(
            entry ->
                switch (entry) {
                  case Entry.Building building -> includeBuilding && !building.document.ephemeral();
                  case Entry.Sealed sealed -> true;
                  case Entry.Damaged damaged -> false;
                })
        .map(DocumentStore::summary)
        .sorted(
            Comparator.comparingLong(DocumentSummary::createdAtMillis)
                .reversed()
                .thenComparing(DocumentSummary::id))
        .toList();
  }

  private Entry entry(String id) {
    Entry entry = entries.get(id);
    if (entry == null) {
      throw notFound(id);
    }
    return entry;
  }

  private static DocumentNotFoundException notFound(String id) {
    return new DocumentNotFoundException(
        "there is no document %s: it was deleted, or never sealed before a restart".formatted(id));
  }

  // -- damage, export, import
  // --------------------------------------------------------------------------------------

  /** A document whose manifest can not be read. */
  public record Unreadable(String id, long sizeBytes, String fault) {}

  /** Those that are not among the others, for their manifest can not be read. */
  public List<Unreadable> unreadable() {
    List<Unreadable> list = new ArrayList<>();
    entries.forEach(
        (id, entry) -> {
          if (entry instanceof Entry.Damaged damaged) {
            list.add(new Unreadable(id, sizeOf(damaged.folder), message(damaged.problem)));
          }
        });
    list.sort(Comparator.comparing(Unreadable::id));
    return list;
  }

  private static String message(DataLossException problem) {
    return Objects.requireNonNullElse(problem.getMessage(), problem.toString());
  }

  /**
   * Reads every byte of a sealed document and compares it with its checksums. What is bad is
   * marked; what was marked and is sound now, is not any more.
   *
   * @return every fault; empty when there is none
   */
  public List<String> verify(String id, VerifyProgress progress) {
    try {
      Entry entry = entry(id);
      if (entry instanceof Entry.Damaged damaged) {
        // Someone may have put the right manifest back.
        try {
          Manifest manifest = readManifest(id, damaged.folder);
          entry = new Entry.Sealed(new SealedDocument(manifest, damaged.folder, files));
          entries.replace(id, damaged, entry);
        } catch (DataLossException e) {
          return List.of(message(e));
        }
      }
      SealedDocument document = sealed(id, "verify");
      List<String> faults =
          new DocumentCheck(document.manifest(), document.folder(), progress).run();
      if (entries.get(id) != entry) {
        throw notFound(id);
      }
      boolean marked = !document.marks().list().isEmpty();
      document.marks().replace(faults);
      if (marked || !faults.isEmpty()) {
        document.distrust();
      }
      return faults;
    } catch (IOException e) {
      throw failure("verify document " + id, e);
    }
  }

  /**
   * Brings span tables, vectors and tail of a sealed document into memory, and its blocks if
   * wanted.
   *
   * @return bytes that are there now; what is damaged is left out
   */
  public long prewarm(String id, boolean blocks) {
    sealed(id, "prewarm");
    try (OpenDocument document = open(id)) {
      return Prewarming.run(document, blocks);
    }
  }

  /** A sealed document as the bytes of one file. */
  public DocumentExport export(String id) {
    try {
      return new DocumentExport(List.of(sealed(id, "export")));
    } catch (IOException e) {
      throw failure("export document " + id, e);
    }
  }

  /** Begins to take in such a file. */
  public DocumentImport beginImport() {
    String name = newId();
    try {
      return new DocumentImport(
          new ImportedDocuments(new ImportHost(), documents.resolve(IMPORTING).resolve(name)));
    } catch (IOException e) {
      deleteQuietly(documents.resolve(IMPORTING).resolve(name));
      throw failure("import a document", e);
    }
  }

  private SealedDocument sealed(String id, String what) {
    return switch (entry(id)) {
      case Entry.Building building ->
          throw new WrongStateException(
              "can not %s document %s: it is being built".formatted(what, id));
      case Entry.Sealed sealed -> sealed.document;
      case Entry.Damaged damaged -> throw damaged.problem;
    };
  }

  private final class ImportHost implements ImportedDocuments.Host {

    @Override
    public FileLayer files() {
      return files;
    }

    @Override
    public Path documents() {
      return documents;
    }

    @Override
    public String newId() {
      return DocumentStore.this.newId();
    }

    @Override
    public void admit(Manifest manifest) throws IOException {
      long free = Files.getFileStore(documents).getUsableSpace();
      if (free < manifest.bytes()) {
        throw new NoRoomException(
            "could not import a document of %d bytes: the disk has room for %d; %d bytes are missing"
                .formatted(manifest.bytes(), free, manifest.bytes() - free));
      }
    }

    @Override
    public void list(SealedDocument document) {
      entries.put(document.manifest().id(), new Entry.Sealed(document));
    }

    @Override
    public void deleteQuietly(Path path) {
      DocumentStore.this.deleteQuietly(path);
    }
  }

  // -- deleting
  // ----------------------------------------------------------------------------------------------------

  /** Immediate: nobody finds it any more. Who reads it can finish. Returns the bytes freed. */
  public long delete(String id) {
    Entry entry = entry(id);
    return switch (entry) {
      case Entry.Building building -> {
        BuildingDocument document = building.document;
        long bytes = document.summary().sizeBytes();
        document.discard();
        entries.remove(id, entry);
        document.release();
        deleteQuietly(document.folder());
        deleteQuietly(document.scratchFolder());
        yield bytes;
      }
      case Entry.Sealed sealed -> {
        long bytes = sealed.document.summary().sizeBytes();
        remove(id, entry, sealed.document.folder());
        opened.forget(id);
        sealed.document.release();
        yield bytes;
      }
      case Entry.Damaged damaged -> {
        long bytes = sizeOf(damaged.folder);
        remove(id, entry, damaged.folder);
        yield bytes;
      }
    };
  }

  private void remove(String id, Entry entry, Path folder) {
    if (!entries.remove(id, entry)) {
      throw notFound(id);
    }
    Path grave = documents.resolve(DELETING).resolve(id);
    try {
      files.move(folder, grave);
      files.forceFolder(documents);
    } catch (IOException e) {
      if (Files.exists(folder)) {
        entries.put(id, entry);
        throw failure("delete document " + id, e);
      }
      LOG.warn(
          "the deletion of document {} may be undone by a power failure: {}", id, e.toString());
    }
    deleteQuietly(grave);
  }

  private static long sizeOf(Path folder) {
    try (var paths = Files.walk(folder)) {
      return paths.filter(Files::isRegularFile).mapToLong(path -> path.toFile().length()).sum();
    } catch (IOException e) {
      return 0;
    }
  }

  private void deleteTree(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      for (Path below : list(path)) {
        deleteTree(below);
      }
    }
    files.delete(path);
  }

  /** What remains is not listed, and is deleted at the next start. */
  private void deleteQuietly(Path path) {
    if (Files.notExists(path)) {
      return;
    }
    try {
      deleteTree(path);
    } catch (IOException e) {
      LOG.warn("{} could not be deleted and will be at the next start: {}", path, e.toString());
    }
  }

  /**
   * Closes all documents once their readers have left. Those being built are lost, as they are in a
   * crash.
   */
  @Override
  public void close() {
    for (String id : List.copyOf(entries.keySet())) {
      switch (entries.remove(id)) {
        case Entry.Building building -> building.document.release();
        case Entry.Sealed sealed -> sealed.document.release();
        case Entry.Damaged damaged -> {}
        case null -> {}
      }
    }
  }

  static StoreException failure(String what, IOException e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      String message = Objects.requireNonNullElse(cause.getMessage(), "").toLowerCase(Locale.ROOT);
      if (message.contains("no space left")
          || message.contains("disk quota exceeded")
          || message.contains("not enough space")) {
        return new NoRoomException(
            "could not %s: the disk is full. Nothing was half-written; free some room and try again"
                .formatted(what),
            e);
      }
    }
    return new StorageFailureException("could not %s: %s".formatted(what, e), e);
  }
}
