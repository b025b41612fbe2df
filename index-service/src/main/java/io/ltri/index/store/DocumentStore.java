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
import java.util.function.LongSupplier;
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
  private static final String SCRATCH = ".scratch";
  private static final char[] ID_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789".toCharArray();
  private static final int ID_LENGTH = 16;

  private final FileLayer files;
  private final StoreSettings settings;
  private final Path documents;
  private final SecureRandom random = new SecureRandom();
  private final Map<String, Entry> entries = new ConcurrentHashMap<>();
  private final LifeCycle life;

  /** A document the store knows of. */
  private sealed interface Entry {

    record Building(BuildingDocument document) implements Entry {}

    record Sealed(SealedDocument document) implements Entry {}

    /** Its manifest can not be read. */
    record Damaged(Path folder, DataLossException problem) implements Entry {}
  }

  /** Opens the data folder: finds the sealed documents, deletes what was half-built. */
  public DocumentStore(StoreSettings settings, FileLayer files) {
    this(
        settings, files, settings.dataFolder().toFile()::getUsableSpace, System::currentTimeMillis);
  }

  /**
   * @param usableBytes what the disk has left
   * @param clock milliseconds since the epoch, for the life of documents
   */
  DocumentStore(
      StoreSettings settings, FileLayer files, LongSupplier usableBytes, LongSupplier clock) {
    this.settings = settings;
    this.documents = settings.dataFolder().resolve("documents");
    this.life = new LifeCycle(settings.life(), files, documents, new Living(), usableBytes, clock);
    this.files = life.files();
    try {
      this.files.createFolders(documents.resolve(BUILDING));
      this.files.createFolders(documents.resolve(DELETING));
      life.files().chargeWhatIsThere();
      life.recordDeletionsLeft(list(documents.resolve(DELETING)));
      clean(BUILDING, "unfinished documents of an earlier run were deleted");
      clean(DELETING, "deletions of an earlier run were completed");
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
      long sealedAtMillis = 0;
      try {
        Manifest manifest = readManifest(id, folder);
        sealedAtMillis = manifest.sealedAtMillis();
        entries.put(id, new Entry.Sealed(new SealedDocument(manifest, folder)));
      } catch (DataLossException e) {
        LOG.warn("a damaged document is not listed: {}", e.getMessage());
        entries.put(id, new Entry.Damaged(folder, e));
      }
      life.found(id, folder, sealedAtMillis);
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
    return create(layout, attributes, ephemeral, "");
  }

  /**
   * As above.
   *
   * @param tenant whose bytes these are; empty: nobody's in particular
   */
  public DocumentSummary create(
      DocumentLayout layout, Map<String, String> attributes, boolean ephemeral, String tenant) {
    String id = newId();
    life.begin(id, tenant, ephemeral);
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
      return document.summary().with(life.book().of(id));
    } catch (IOException e) {
      deleteQuietly(folder);
      deleteQuietly(scratch);
      life.abandon(id);
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
      BuildingDocument document = building(id, "append to");
      life.admit(id, spans);
      document.append(layer, spans);
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
    deleteQuietly(folder.resolve(FactsFile.FILE));
    deleteQuietly(folder.resolve(FactsFile.UNFINISHED));
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
    public DocumentSummary finish(
        Map<String, String> attributes, @Nullable SearchMode mode, SealFacts facts) {
      Path target = documents.resolve(document.id());
      try {
        DocumentFacts kept = life.book().prepareSeal(document.id(), document.folder(), facts);
        Manifest manifest = writeAll(attributes, mode);
        files.move(document.folder(), target);
        forceMove(target);
        finished = true;
        SealedDocument sealed = new SealedDocument(manifest, target);
        life.book().sealed(document.id(), target, kept);
        entries.put(document.id(), new Entry.Sealed(sealed));
        document.release();
        deleteQuietly(document.scratchFolder());
        return sealed.summary().with(kept);
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
      List<FileEntry> written = new ArrayList<>();
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
        List<Long> blockBytes = document.forceBlocks();
        for (int i = 0; i < ranges.length; i++) {
          written.add(new FileEntry(ranges[i].blockFile(), blockBytes.get(i), null));
          written.add(SpanTable.write(files, folder, ranges[i], source));
        }
        written.addAll(
            VectorFolder.write(files, folder, source, mode, settings.luceneBufferMegabytes()));
      }
      written.add(tail.finish());
      tail.close();
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
              List.copyOf(written));
      Path unfinished = folder.resolve(Manifest.FILE + ".new");
      try (SequentialFile out = new SequentialFile(files, unfinished)) {
        out.write(manifest.toJson());
        out.force();
      }
      files.move(unfinished, folder.resolve(Manifest.FILE));
      files.forceFolder(folder);
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
    life.book().requireAlive(id);
    // A document may be sealed between the look into the map and the opening: then the second look
    // finds it.
    for (int attempt = 0; attempt < 3; attempt++) {
      try {
        OpenDocument opened =
            switch (entry(id)) {
              case Entry.Building building -> building.document.open();
              case Entry.Sealed sealed -> sealed.document.open();
              case Entry.Damaged damaged -> throw damaged.problem;
            };
        if (opened != null) {
          return opened;
        }
      } catch (IOException e) {
        throw failure("open document " + id, e);
      }
    }
    throw notFound(id);
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
    life.book().requireAlive(id);
    return summary(entry(id)).with(life.book().of(id));
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
        .filter(summary -> !life.book().isExpired(summary.id()))
        .map(summary -> summary.with(life.book().of(summary.id())))
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

  // -- deleting
  // ----------------------------------------------------------------------------------------------------

  /** Who reads it can finish. */
  private long deleteAlone(String id) {
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
    life.buried(id);
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

  // -- life cycle
  // -------------------------------------------------------------------------------------------------

  /**
   * Immediate: nobody finds it any more. Who reads it can finish. It is recorded.
   *
   * @return the real bytes freed
   */
  public long delete(String id) {
    return life.delete(id, DeletionReason.DELETED);
  }

  /** Changes what may change of a sealed document; on the disk when it returns. */
  public DocumentSummary update(String id, FactsChange change) {
    life.book().requireAlive(id);
    if (entry(id) instanceof Entry.Damaged damaged) {
      throw damaged.problem;
    }
    try {
      life.change(id, change);
    } catch (IOException e) {
      throw failure("update document " + id, e);
    }
    return summary(id);
  }

  /** Somebody asked for something of it: it is not idle, and its end may be put off. */
  public void used(String id) {
    life.book().used(id);
  }

  /**
   * What was deleted, newest first.
   *
   * @param most 0: all that are kept
   */
  public List<DeletedDocument> deleted(int most) {
    return life.log().newest(most);
  }

  /**
   * To be called every minute or so: removes what has expired and builds that nobody goes on with,
   * and writes down when documents were used.
   */
  public Garbage sweep() {
    return life.sweep(settings.life().buildAgeMillis());
  }

  /**
   * As {@link #sweep}, and removes files that belong to nothing.
   *
   * @param buildsOlderThanMillis builds not gone on with for so long are removed; 0: as configured
   */
  public Garbage collectGarbage(long buildsOlderThanMillis) {
    try {
      return life.collect(buildsOlderThanMillis);
    } catch (IOException e) {
      throw failure("collect garbage", e);
    }
  }

  public NodeFigures figures() {
    int damaged = 0;
    for (Entry entry : entries.values()) {
      damaged += entry instanceof Entry.Damaged ? 1 : 0;
    }
    int sealed = list(false).size();
    return life.figures(sealed, damaged, list(true).size() - sealed);
  }

  /** The store, as its life cycle sees it. */
  private final class Living implements LifeCycle.Documents {

    @Override
    public List<String> evictable() {
      return entries.entrySet().stream()
          .filter(
              entry ->
                  entry.getValue() instanceof Entry.Sealed sealed && !sealed.document.isInUse())
          .map(Map.Entry::getKey)
          .toList();
    }

    @Override
    public List<DocumentSummary> builds() {
      return list(true).stream()
          .filter(document -> document.state() == DocumentState.BUILDING)
          .toList();
    }

    @Override
    public boolean remove(String id) {
      deleteAlone(id);
      return true;
    }

    @Override
    public List<Path> orphans() throws IOException {
      List<Path> orphans = new ArrayList<>();
      for (Path left : list(documents.resolve(DELETING))) {
        orphans.addAll(Orphans.tree(left));
      }
      for (Path left : list(documents.resolve(BUILDING))) {
        String name = Objects.requireNonNull(life.files().account(left));
        if (life.accounts().isOrphan(name) || entries.get(name) instanceof Entry.Sealed) {
          orphans.addAll(Orphans.tree(left));
        }
      }
      for (Entry entry : entries.values()) {
        if (entry instanceof Entry.Sealed sealed) {
          orphans.addAll(Orphans.foreign(sealed.document.folder(), sealed.document.fileNames()));
        }
      }
      return orphans;
    }
  }

  /**
   * Closes all documents once their readers have left. Those being built are lost, as they are in a
   * crash.
   */
  @Override
  public void close() {
    life.book().flush();
    for (String id : List.copyOf(entries.keySet())) {
      switch (entries.remove(id)) {
        case Entry.Building building -> building.document.release();
        case Entry.Sealed sealed -> sealed.document.release();
        case Entry.Damaged damaged -> {}
        case null -> {}
      }
    }
  }

  private static StoreException failure(String what, IOException e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof RefusedWriteException) {
        return new NoRoomException(
            "could not %s: %s. Nothing was half-written".formatted(what, cause.getMessage()), e);
      }
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
