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
import java.util.LinkedList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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
  private static final String HIDDEN = ".hidden";
  private static final String IMPORTING = ".importing";
  private static final char[] ID_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789".toCharArray();
  private static final int ID_LENGTH = 16;

  private final FileLayer files;
  private final StoreSettings settings;
  private final Path documents;
  private final SecureRandom random = new SecureRandom();
  private final Map<String, Entry> entries = new ConcurrentHashMap<>();
  private final UnfinishedBuilds builds;
  private final Lineage lineage;
  private final OpenDocuments opened;
  private final LifeCycle life;

  /** A document the store knows of. */
  private sealed interface Entry {

    record Building(BuildingDocument document) implements Entry {}

    record Sealed(SealedDocument document) implements Entry {}

    /** Its manifest can not be read. */
    record Damaged(Path folder, DataLossException problem) implements Entry {}
  }

  /**
   * Opens the data folder: finds the sealed documents and the builds that have a checkpoint, and
   * deletes what else was half-built.
   */
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
    this.opened = new OpenDocuments(settings.openDocuments());
    this.documents = settings.dataFolder().resolve("documents");
    this.life = new LifeCycle(settings.life(), files, documents, new Living(), usableBytes, clock);
    this.files = life.files();
    this.builds = new UnfinishedBuilds(this.files, documents.resolve(BUILDING));
    this.lineage = new Lineage(this.files, documents.resolve(HIDDEN));
    try {
      for (String folder : List.of(BUILDING, DELETING, HIDDEN, IMPORTING)) {
        this.files.createFolders(documents.resolve(folder));
      }
      life.files().chargeWhatIsThere();
      life.recordDeletionsLeft(FolderTree.list(documents.resolve(DELETING)));
      report(builds.recover(), "unfinished documents of an earlier run were deleted");
      for (UnfinishedBuilds.Waiting waiting : builds.all()) {
        life.begin(waiting.id(), waiting.checkpoint().origin().tenant(), false);
      }
      clean(DELETING, "deletions of an earlier run were completed");
      clean(IMPORTING, "unfinished imports of an earlier run were deleted");
      findDocuments();
      recoverLineage();
    } catch (IOException e) {
      throw failure("open the data folder " + settings.dataFolder(), e);
    }
  }

  private void clean(String name, String message) throws IOException {
    List<String> cleaned = new ArrayList<>();
    for (Path left : FolderTree.list(documents.resolve(name))) {
      FolderTree.delete(files, left);
      cleaned.add(left.getFileName().toString());
    }
    report(cleaned, message);
  }

  private static void report(List<String> cleaned, String message) {
    if (!cleaned.isEmpty()) {
      LOG.warn("{} {}: {}", cleaned.size(), message, String.join(", ", cleaned));
    }
  }

  private void findDocuments() throws IOException {
    for (Path folder : FolderTree.list(documents)) {
      String id = folder.getFileName().toString();
      if (id.startsWith(".") || !Files.isDirectory(folder)) {
        continue;
      }
      long sealedAtMillis = 0;
      try {
        Manifest manifest = readManifest(id, folder);
        sealedAtMillis = manifest.sealedAtMillis();
        entries.put(id, new Entry.Sealed(new SealedDocument(manifest, folder, files)));
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

  // -- building
  // ----------------------------------------------------------------------------------------------------

  /**
   * Starts an empty document.
   *
   * @param ephemeral a private delta of one sequence: not listed, sealed only when promoted
   */
  public DocumentSummary create(
      DocumentLayout layout, Map<String, String> attributes, boolean ephemeral) {
    return create(new NewDocument(layout, attributes, ephemeral, "", Origin.NONE));
  }

  private DocumentSummary begin(NewDocument wanted) {
    String id = newId();
    // Making room for the first bytes may need the turn of another thread: it is not held
    // meanwhile.
    lineage.turn().lock();
    try {
      requireParent(wanted);
      lineage.promise(id, wanted.origin().parentId());
    } finally {
      lineage.turn().unlock();
    }
    life.begin(id, wanted.origin().tenant(), wanted.ephemeral());
    Path folder = documents.resolve(BUILDING).resolve(id);
    Path scratch = documents.resolve(BUILDING).resolve(id + UnfinishedBuilds.SCRATCH);
    try {
      BuildingDocument document =
          BuildingDocument.begin(files, folder, scratch, id, wanted, settings.layersPerFile());
      entries.put(id, new Entry.Building(document));
      lineage.kept(id);
      return document.summary().with(life.book().of(id));
    } catch (IOException e) {
      deleteQuietly(folder);
      deleteQuietly(scratch);
      life.abandon(id);
      lineage.kept(id);
      purgeParent(wanted.origin());
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
    return beginSeal(id, false);
  }

  /**
   * As {@link #beginSeal(String)}.
   *
   * @param promote an ephemeral document is to become a listed one
   */
  public SealSession beginSeal(String id, boolean promote) {
    BuildingDocument document = building(id, "seal");
    document.beginSeal(promote);
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
        SealedDocument sealed = new SealedDocument(manifest, target, files);
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
              digests,
              document.origin());
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
    if (lineage.get(id) == null) {
      life.book().requireAlive(id);
    }
    // A document may be sealed between the look into the map and the opening: then the second look
    // finds it.
    for (int attempt = 0; attempt < 3; attempt++) {
      try {
        OpenDocument document =
            switch (entries.get(id)) {
              case Entry.Building building -> building.document.open();
              case Entry.Sealed sealed -> openSealed(id, sealed.document);
              case Entry.Damaged damaged -> throw damaged.problem;
              case null -> openHidden(id);
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

  /** Borrows the tail of a sealed document, or of the last checkpoint of one being built. */
  public DocumentTail openTail(String id) {
    DocumentTail ofCheckpoint = openCheckpointTail(id);
    if (ofCheckpoint != null) {
      return ofCheckpoint;
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
    UnfinishedBuilds.Waiting waiting = builds.get(id);
    if (waiting != null) {
      return waiting.summary();
    }
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
    Stream<DocumentSummary> waiting =
        includeBuilding
            ? builds.all().stream()
                .filter(build -> !entries.containsKey(build.id()))
                .map(UnfinishedBuilds.Waiting::summary)
            : Stream.empty();
    Stream<DocumentSummary> held =
        entries.values().stream()
            .filter(
                entry ->
                    switch (entry) {
                      case Entry.Building building ->
                          includeBuilding && !building.document.ephemeral();
                      case Entry.Sealed sealed -> true;
                      case Entry.Damaged damaged -> false;
                    })
            .map(DocumentStore::summary);
    return Stream.concat(held, waiting)
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

  private StoreException notFound(String id) {
    WrongStateException unfinished = builds.explain(id);
    return unfinished != null
        ? unfinished
        : new DocumentNotFoundException(
            "there is no document %s: it was deleted, or never sealed before a restart"
                .formatted(id));
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

  /** A sealed document, with those it continues, as the bytes of one file. */
  public DocumentExport export(String id) {
    List<SealedDocument> chain = new ArrayList<>();
    for (String ancestor : ancestors(id)) {
      SealedDocument hidden = lineage.get(ancestor);
      chain.add(hidden != null ? hidden : sealed(ancestor, "export"));
    }
    chain.add(sealed(id, "export"));
    try {
      return new DocumentExport(chain);
    } catch (IOException e) {
      throw failure("export document " + id, e);
    }
  }

  /**
   * Begins to take in such a file.
   *
   * @param tenant whose the documents are from now on; empty: as exported
   */
  public DocumentImport beginImport(String tenant) {
    String name = newId();
    life.begin(name, tenant, false);
    try {
      return new DocumentImport(
          new ImportedDocuments(
              new ImportHost(name), tenant, documents.resolve(IMPORTING).resolve(name)));
    } catch (IOException e) {
      deleteQuietly(documents.resolve(IMPORTING).resolve(name));
      life.abandon(name);
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

    /** Under which its bytes are counted until the documents come to their places. */
    private final String account;

    ImportHost(String account) {
      this.account = account;
    }

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
      life.accounts().require(account, manifest.bytes(), manifest.bytes());
    }

    @Override
    public void prepare(Manifest manifest, Path folder) throws IOException {
      life.begin(manifest.id(), manifest.origin().tenant(), false);
      DocumentFacts unused = life.book().prepareSeal(manifest.id(), folder, SealFacts.NONE);
    }

    @Override
    public void hide(SealedDocument document) throws IOException {
      lineage.hide(document.manifest().id(), document);
    }

    @Override
    public void forget(String id) {
      lineage.purged(id);
      life.abandon(id);
    }

    @Override
    public DocumentSummary list(SealedDocument document) throws IOException {
      String id = document.manifest().id();
      life.found(id, document.folder(), document.manifest().sealedAtMillis());
      entries.put(id, new Entry.Sealed(document));
      return summary(id);
    }

    @Override
    public void end() {
      life.abandon(account);
    }

    @Override
    public void deleteQuietly(Path path) {
      DocumentStore.this.deleteQuietly(path);
    }
  }

  // -- deleting
  // ----------------------------------------------------------------------------------------------------

  /** Who reads it can finish. */
  private void deleteAlone(String id) {
    Entry entry = entry(id);
    switch (entry) {
      case Entry.Building building -> {
        BuildingDocument document = building.document;
        document.discard();
        entries.remove(id, entry);
        document.release();
        deleteQuietly(document.folder());
        deleteQuietly(document.scratchFolder());
      }
      case Entry.Sealed sealed -> {
        bury(id, entry, sealed.document.folder());
        opened.forget(id);
        sealed.document.release();
      }
      case Entry.Damaged damaged -> bury(id, entry, damaged.folder);
    }
  }

  private void bury(String id, Entry entry, Path folder) {
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

  private void deleteQuietly(Path path) {
    FolderTree.deleteQuietly(files, path);
  }

  // -- unfinished builds
  // -------------------------------------------------------------------------------------------

  /**
   * Starts an empty document; or, when there is an unfinished build of the same tenant with its
   * build key, takes that over as of its last checkpoint. Whoever held it before can not go on.
   *
   * @throws WrongStateException when that build is of another layout or parent, is being sealed, or
   *     is still being read
   */
  public DocumentSummary create(NewDocument wanted) {
    if (wanted.buildKey().isEmpty()) {
      return begin(wanted);
    }
    builds.turn().lock();
    try {
      for (Entry entry : entries.values()) {
        if (entry instanceof Entry.Building building && isBuildOf(wanted, building.document)) {
          letGo(building);
        }
      }
      UnfinishedBuilds.Waiting waiting = builds.find(wanted);
      return waiting == null ? begin(wanted) : resume(waiting, wanted);
    } finally {
      builds.turn().unlock();
    }
  }

  private static boolean isBuildOf(NewDocument wanted, BuildingDocument document) {
    return document.buildKey().equals(wanted.buildKey())
        && document.origin().tenant().equals(wanted.origin().tenant());
  }

  private void letGo(Entry.Building entry) {
    BuildingDocument document = entry.document;
    boolean waits = builds.letGo(document);
    entries.remove(document.id(), entry);
    document.release();
    if (!waits) {
      deleteQuietly(document.folder());
      deleteQuietly(document.scratchFolder());
      life.abandon(document.id());
      purgeParent(document.origin());
    }
  }

  private void purgeParent(Origin origin) {
    lineage.turn().lock();
    try {
      purge(origin.parentId());
    } finally {
      lineage.turn().unlock();
    }
  }

  private DocumentSummary resume(UnfinishedBuilds.Waiting waiting, NewDocument wanted) {
    String id = newId();
    life.begin(id, waiting.checkpoint().origin().tenant(), false);
    try {
      BuildingDocument document = builds.resume(waiting, wanted, id);
      entries.put(id, new Entry.Building(document));
      builds.taken(id);
      return document.summary().with(life.book().of(id));
    } catch (DataLossException e) {
      LOG.warn("{}. It was deleted, and is begun again", e.getMessage());
      DocumentSummary begun = begin(wanted);
      long unused = builds.drop(Objects.requireNonNull(builds.get(id)));
      return begun;
    } catch (IOException e) {
      throw failure("go on with document " + waiting.id(), e);
    } finally {
      for (String name : List.of(waiting.id(), id)) {
        if (builds.get(name) == null && !entries.containsKey(name)) {
          life.abandon(name);
        }
      }
    }
  }

  // -- life cycle
  // -------------------------------------------------------------------------------------------------

  /**
   * Immediate: nobody finds it any more. Who reads it can finish. It is recorded.
   *
   * @return the real bytes freed, with those of documents that only this one stood on
   */
  public long delete(String id) {
    Map<String, Long> below = new HashMap<>();
    for (String ancestor : ancestors(id)) {
      if (isHidden(ancestor)) {
        below.put(ancestor, life.accounts().bytesOf(ancestor));
      }
    }
    long freed = life.delete(id, DeletionReason.DELETED);
    for (Map.Entry<String, Long> ancestor : below.entrySet()) {
      freed += isHidden(ancestor.getKey()) ? 0 : ancestor.getValue();
    }
    return freed;
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

  /** How many documents went for this reason since the start. */
  public long gone(DeletionReason reason) {
    return life.gone(reason);
  }

  public NodeFigures figures() {
    int damaged = 0;
    for (Entry entry : entries.values()) {
      damaged += entry instanceof Entry.Damaged ? 1 : 0;
    }
    int sealed = 0;
    int unfinished = 0;
    for (DocumentSummary document : list(true)) {
      damaged += document.faults().isEmpty() ? 0 : 1;
      switch (document.state()) {
        case BUILDING, SEALING -> unfinished++;
        case READY, DAMAGED -> sealed++;
      }
    }
    return life.figures(sealed, damaged, unfinished);
  }

  /** The store, as its life cycle sees it. */
  private final class Living implements LifeCycle.Documents {

    @Override
    public List<String> evictable() {
      Set<String> parents = parents();
      return entries.entrySet().stream()
          .filter(
              entry ->
                  entry.getValue() instanceof Entry.Sealed sealed
                      && !sealed.document.isInUse()
                      && !parents.contains(entry.getKey()))
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
      return DocumentStore.this.remove(id);
    }

    @Override
    public List<Path> orphans() throws IOException {
      List<Path> orphans = new ArrayList<>();
      for (Path left : FolderTree.list(documents.resolve(DELETING))) {
        orphans.addAll(Orphans.tree(left));
      }
      for (Path left : FolderTree.list(documents.resolve(BUILDING))) {
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
   * Begins a checkpoint of a document that has a build key.
   *
   * @param tokens read so far
   */
  public CheckpointSession beginCheckpoint(String id, long tokens) {
    try {
      return new Checkpointing(files, building(id, "make a checkpoint of"), tokens);
    } catch (IOException e) {
      throw failure("make a checkpoint of document " + id, e);
    }
  }

  /** Null when it is not being built. */
  private @Nullable DocumentTail openCheckpointTail(String id) {
    for (int attempt = 0; attempt < 3; attempt++) {
      if (!(entries.get(id) instanceof Entry.Building building)) {
        return null;
      }
      try {
        DocumentTail tail = CheckpointTail.open(building.document);
        if (tail != null) {
          return tail;
        }
      } catch (IOException e) {
        throw failure("open the tail of document " + id, e);
      }
    }
    return null;
  }

  // -- documents that continue others
  // ------------------------------------------------------------------------------

  private void requireParent(NewDocument wanted) {
    if (!wanted.origin().hasParent()) {
      return;
    }
    String parent = wanted.origin().parentId();
    if (!(entry(parent) instanceof Entry.Sealed sealed)) {
      throw new WrongStateException(
          "document %s can not be continued: it is not sealed".formatted(parent));
    }
    DocumentLayout layout = sealed.document.summary().layout();
    if (!layout.equals(wanted.layout())) {
      throw new InvalidInputException(
          "document %s has another layout than the one that is to continue it: %s, not %s"
              .formatted(parent, layout, wanted.layout()));
    }
  }

  /**
   * The documents that this one stands on, the oldest first; to be searched together with it. Some
   * of them may be hidden: {@link #open} gives them, {@link #summary} does not.
   */
  public List<String> ancestors(String id) {
    LinkedList<String> chain = new LinkedList<>();
    for (String parent = origin(id).parentId();
        !parent.isEmpty() && !chain.contains(parent);
        parent = origin(parent).parentId()) {
      chain.addFirst(parent);
    }
    return List.copyOf(chain);
  }

  private Origin origin(String id) {
    SealedDocument gone = lineage.get(id);
    UnfinishedBuilds.Waiting waiting = builds.get(id);
    return switch (entries.get(id)) {
      case Entry.Building building -> building.document.origin();
      case Entry.Sealed sealed -> sealed.document.summary().origin();
      case Entry.Damaged damaged -> Origin.NONE;
      case null ->
          gone != null
              ? gone.summary().origin()
              : waiting != null ? waiting.checkpoint().origin() : Origin.NONE;
    };
  }

  private boolean isStoodOn(String id) {
    return parents().contains(id);
  }

  /** All documents that others stand on. */
  private Set<String> parents() {
    return Stream.concat(
            Stream.concat(entries.keySet().stream(), lineage.all().keySet().stream()),
            builds.all().stream().map(UnfinishedBuilds.Waiting::id))
        .map(other -> origin(other).parentId())
        .collect(Collectors.toCollection(lineage::promised));
  }

  /** Whether it was deleted, but others stand on it. */
  public boolean isHidden(String id) {
    return lineage.get(id) != null;
  }

  private @Nullable OpenDocument openHidden(String id) throws IOException {
    SealedDocument gone = lineage.get(id);
    if (gone == null) {
      throw notFound(id);
    }
    return gone.open();
  }

  /**
   * A document that others stand on is hidden, and goes for good with the last of them.
   *
   * @return false when it is only hidden
   */
  private boolean remove(String id) {
    if (builds.get(id) != null) {
      drop(id);
      return true;
    }
    Origin origin = origin(id);
    if (entry(id) instanceof Entry.Building) {
      // Without the turn: who appends to it may be about to take it, to make room.
      deleteAlone(id);
      purgeParent(origin);
      return true;
    }
    lineage.turn().lock();
    try {
      if (entry(id) instanceof Entry.Sealed sealed && isStoodOn(id)) {
        lineage.hide(id, sealed.document);
        entries.remove(id, sealed);
        // It has no end of its own any more.
        life.book().forget(id);
        return false;
      }
      deleteAlone(id);
      purge(origin.parentId());
      return true;
    } catch (IOException e) {
      throw failure("delete document " + id, e);
    } finally {
      lineage.turn().unlock();
    }
  }

  private void drop(String unfinished) {
    builds.turn().lock();
    lineage.turn().lock();
    try {
      UnfinishedBuilds.Waiting waiting = builds.get(unfinished);
      if (waiting == null) {
        throw notFound(unfinished);
      }
      long unused = builds.drop(waiting);
      purge(waiting.checkpoint().origin().parentId());
    } finally {
      lineage.turn().unlock();
      builds.turn().unlock();
    }
  }

  /** Removes a hidden document that nobody stands on any more, and so on with its parent. */
  private void purge(String id) {
    SealedDocument gone = lineage.get(id);
    if (gone == null || isStoodOn(id)) {
      return;
    }
    Path grave = documents.resolve(DELETING).resolve(id);
    try {
      files.move(gone.folder(), grave);
      files.forceFolder(documents);
    } catch (IOException e) {
      LOG.warn("document {} is deleted for good at the next start only: {}", id, e.toString());
      return;
    }
    lineage.purged(id);
    opened.forget(id);
    gone.release();
    life.buried(id);
    deleteQuietly(grave);
    life.abandon(id);
    purge(gone.summary().origin().parentId());
  }

  private void recoverLineage() throws IOException {
    for (String id : lineage.marked()) {
      switch (entries.get(id)) {
        case Entry.Sealed sealed -> {
          lineage.found(id, sealed.document);
          entries.remove(id);
          life.book().forget(id);
        }
        case Entry.Building building -> {}
        case Entry.Damaged damaged -> {}
        case null -> lineage.purged(id);
      }
    }
    for (String id : lineage.all().keySet()) {
      purge(id);
    }
    boolean changed = true;
    while (changed) {
      changed = false;
      for (Map.Entry<String, Entry> found : entries.entrySet()) {
        String parent = origin(found.getKey()).parentId();
        if (found.getValue() instanceof Entry.Sealed sealed
            && !parent.isEmpty()
            && lineage.get(parent) == null
            && !(entries.get(parent) instanceof Entry.Sealed)) {
          DataLossException problem =
              new DataLossException(
                  "document %s can not be used: document %s, which it continues, is missing or damaged"
                      .formatted(found.getKey(), parent));
          LOG.warn("a damaged document is not listed: {}", problem.getMessage());
          found.setValue(new Entry.Damaged(sealed.document.folder(), problem));
          changed = true;
        }
      }
    }
  }

  // -- closing
  // -----------------------------------------------------------------------------------------------------

  /**
   * Closes all documents once their readers have left. Those being built go back to their last
   * checkpoint, as they do in a crash.
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
    lineage.all().values().forEach(SealedDocument::release);
  }

  static StoreException failure(String what, IOException e) {
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
