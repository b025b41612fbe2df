package io.ltri.index.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

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

  private final Catalog catalog;
  private final Beginnings beginnings;

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
    this.catalog = new Catalog(settings, files, usableBytes, clock);
    this.beginnings = new Beginnings(catalog);
    try {
      new Recovery(catalog).run();
    } catch (IOException e) {
      throw failure("open the data folder " + settings.dataFolder(), e);
    }
  }

  /** From now on its sealed documents are shared with others. */
  public void share(Publication publication) {
    catalog.publication = publication;
  }

  /** Its sealed documents, for who shares them. */
  public DocumentCopies copies() {
    return new DocumentCopies(catalog);
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

  /**
   * Starts an empty document; or, when there is an unfinished build of the same tenant with its
   * build key, takes that over as of its last checkpoint. Whoever held it before can not go on.
   *
   * @throws WrongStateException when that build is of another layout or parent, is being sealed, or
   *     is still being read
   */
  public DocumentSummary create(NewDocument wanted) {
    return beginnings.create(wanted);
  }

  /** Adds all of these spans to a layer, or none; when it returns they can be searched. */
  public void append(String id, int layer, List<NewSpan> spans) {
    try {
      BuildingDocument document = catalog.building(id, "append to");
      catalog.life.admit(id, spans);
      document.append(layer, spans);
    } catch (IOException e) {
      throw failure("append to document " + id, e);
    }
  }

  /**
   * Begins a checkpoint of a document that has a build key.
   *
   * @param tokens read so far
   */
  public CheckpointSession beginCheckpoint(String id, long tokens) {
    return beginCheckpoint(id, tokens, Set.of());
  }

  /**
   * As {@link #beginCheckpoint(String, long)}.
   *
   * @param kept tokens of the checkpoints, this one and those before it, that become boundaries of
   *     the sealed document; an earlier one that is not named goes for good
   */
  public CheckpointSession beginCheckpoint(String id, long tokens, Set<Long> kept) {
    try {
      return new Checkpointing(
          catalog.files, catalog.building(id, "make a checkpoint of"), tokens, kept);
    } catch (IOException e) {
      throw failure("make a checkpoint of document " + id, e);
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
    return Sealing.begin(catalog, catalog.building(id, "seal"), promote);
  }

  // -- reading
  // -----------------------------------------------------------------------------------------------------

  /**
   * Borrows a document, sealed or being built.
   *
   * @param name its id, or that of its beginning, see {@link DocumentPart}
   */
  public OpenDocument open(String name) {
    DocumentPart part = DocumentPart.of(name);
    String id = part.id();
    if (catalog.lineage.get(id) == null) {
      catalog.life.book().requireAlive(id);
    }
    // A document may be sealed between the look into the map and the opening: then the second look
    // finds it.
    for (int attempt = 0; attempt < 3; attempt++) {
      try {
        OpenDocument document =
            switch (catalog.entries.get(id)) {
              case Entry.Building building -> openBuilding(part, building.document());
              case Entry.Sealed sealed -> openSealed(part, sealed.document());
              case Entry.Damaged damaged -> throw damaged.problem();
              case null -> openHidden(part);
            };
        if (document != null) {
          return document;
        }
      } catch (IOException e) {
        throw failure("open document " + id, e);
      }
    }
    throw catalog.notFound(id);
  }

  private static @Nullable OpenDocument openBuilding(DocumentPart part, BuildingDocument document) {
    if (part.tokens() > 0) {
      throw new WrongStateException(
          "document %s is being built: only a sealed one has boundaries".formatted(part.id()));
    }
    return document.open();
  }

  private @Nullable OpenDocument openSealed(DocumentPart part, SealedDocument document)
      throws IOException {
    OpenDocument reader = open(part, document);
    if (reader != null) {
      catalog.opened.used(part.id(), document);
    }
    return reader;
  }

  private static @Nullable OpenDocument open(DocumentPart part, SealedDocument document)
      throws IOException {
    return part.tokens() == 0 ? document.open() : document.open(part.tokens());
  }

  /**
   * Borrows the tail of a sealed document, or of its beginning, or of the last checkpoint of one
   * being built.
   */
  public DocumentTail openTail(String name) {
    DocumentTail ofCheckpoint = openCheckpointTail(name);
    if (ofCheckpoint != null) {
      return ofCheckpoint;
    }
    OpenDocument document = open(name);
    try {
      return SealedDocument.tail(document);
    } catch (IOException e) {
      document.close();
      throw failure("open the tail of document " + name, e);
    } catch (RuntimeException e) {
      document.close();
      throw e;
    }
  }

  /** What is known of a document, sealed, being built, or waiting to be gone on with. */
  public DocumentSummary summary(String id) {
    return catalog.summary(id);
  }

  /** Sealed catalog.documents, newest first; ephemeral and damaged ones never. */
  public List<DocumentSummary> list(boolean includeBuilding) {
    return catalog.list(includeBuilding);
  }

  // -- damage, export, import
  // --------------------------------------------------------------------------------------

  /** A document whose manifest can not be read. */
  public record Unreadable(String id, long sizeBytes, String fault) {}

  /** Those that are not among the others, for their manifest can not be read. */
  public List<Unreadable> unreadable() {
    List<Unreadable> list = new ArrayList<>();
    catalog.entries.forEach(
        (id, entry) -> {
          if (entry instanceof Entry.Damaged damaged) {
            list.add(new Unreadable(id, sizeOf(damaged.folder()), message(damaged.problem())));
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
      Entry entry = catalog.entry(id);
      if (entry instanceof Entry.Damaged damaged) {
        // Someone may have put the right manifest back.
        try {
          Manifest manifest = Manifest.read(id, damaged.folder());
          entry =
              new Entry.Sealed(
                  new SealedDocument(
                      manifest, damaged.folder(), catalog.files, catalog.settings.keys()));
          catalog.entries.replace(id, damaged, entry);
        } catch (DataLossException e) {
          return List.of(message(e));
        }
      }
      SealedDocument document = catalog.sealed(id, "verify");
      List<String> faults =
          new DocumentCheck(
                  document.manifest(), document.folder(), catalog.settings.keys(), progress)
              .run();
      if (catalog.entries.get(id) != entry) {
        throw catalog.notFound(id);
      }
      boolean marked = !document.marks().list().isEmpty();
      document.marks().replace(faults);
      if (marked || !faults.isEmpty()) {
        document.distrust();
      }
      return faults;
    } catch (IOException e) {
      if (!catalog.entries.containsKey(id)) {
        // Its files went while they were read.
        throw catalog.notFound(id);
      }
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
    catalog.sealed(id, "prewarm");
    try (OpenDocument document = open(id)) {
      return Prewarming.run(document, blocks);
    }
  }

  /** A sealed document, with those it continues, as the bytes of one file. */
  public DocumentExport export(String id) {
    List<SealedDocument> chain = new ArrayList<>();
    for (String ancestor : catalog.ancestors(id)) {
      SealedDocument hidden = catalog.lineage.get(ancestor);
      chain.add(hidden != null ? hidden : catalog.sealed(ancestor, "export"));
    }
    chain.add(catalog.sealed(id, "export"));
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
    String name = catalog.newId("", 0);
    catalog.life.begin(name, tenant, false);
    try {
      return new DocumentImport(
          new ImportedDocuments(
              new ImportHost(catalog, name),
              tenant,
              catalog.documents.resolve(Catalog.IMPORTING).resolve(name)));
    } catch (IOException e) {
      catalog.deleteQuietly(catalog.documents.resolve(Catalog.IMPORTING).resolve(name));
      catalog.life.abandon(name);
      throw failure("import a document", e);
    }
  }

  private static long sizeOf(Path folder) {
    try (var paths = Files.walk(folder)) {
      return paths.filter(Files::isRegularFile).mapToLong(path -> path.toFile().length()).sum();
    } catch (IOException e) {
      return 0;
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
    return delete(id, DeletionReason.DELETED);
  }

  /** As {@link #delete(String)}, with what the record says of the reason. */
  public long delete(String id, DeletionReason reason) {
    Map<String, Long> below = new HashMap<>();
    for (String ancestor : catalog.ancestors(id)) {
      if (catalog.isHidden(ancestor)) {
        below.put(ancestor, catalog.life.accounts().bytesOf(ancestor));
      }
    }
    long freed = catalog.life.delete(id, reason);
    for (Map.Entry<String, Long> ancestor : below.entrySet()) {
      freed += catalog.isHidden(ancestor.getKey()) ? 0 : ancestor.getValue();
    }
    return freed;
  }

  /** Changes what may change of a sealed document; on the disk when it returns. */
  public DocumentSummary update(String id, FactsChange change) {
    catalog.life.book().requireAlive(id);
    if (catalog.entry(id) instanceof Entry.Damaged damaged) {
      throw damaged.problem();
    }
    try {
      catalog.life.change(id, change);
    } catch (IOException e) {
      throw failure("update document " + id, e);
    }
    return summary(id);
  }

  /** Somebody asked for something of it: it is not idle, and its end may be put off. */
  public void used(String id) {
    catalog.life.book().used(id);
  }

  /**
   * What was deleted, newest first.
   *
   * @param most 0: all that are kept
   */
  public List<DeletedDocument> deleted(int most) {
    return catalog.life.log().newest(most);
  }

  /**
   * To be called every minute or so: removes what has expired and builds that nobody goes on with,
   * and writes down when documents were used.
   */
  public Garbage sweep() {
    return catalog.life.sweep(catalog.settings.life().buildAgeMillis());
  }

  /**
   * As {@link #sweep}, and removes files that belong to nothing.
   *
   * @param buildsOlderThanMillis builds not gone on with for so long are removed; 0: as configured
   */
  public Garbage collectGarbage(long buildsOlderThanMillis) {
    try {
      return catalog.life.collect(buildsOlderThanMillis);
    } catch (IOException e) {
      throw failure("collect garbage", e);
    }
  }

  /** How many documents went for this reason since the start. */
  public long gone(DeletionReason reason) {
    return catalog.life.gone(reason);
  }

  public NodeFigures figures() {
    int damaged = 0;
    for (Entry entry : catalog.entries.values()) {
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
    return catalog.life.figures(sealed, damaged, unfinished);
  }

  /** Null when it is not being built. */
  private @Nullable DocumentTail openCheckpointTail(String id) {
    for (int attempt = 0; attempt < 3; attempt++) {
      if (!(catalog.entries.get(id) instanceof Entry.Building building)) {
        return null;
      }
      try {
        DocumentTail tail = CheckpointTail.open(building.document());
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

  /**
   * The documents that this one stands on, or their beginnings, the oldest first; to be searched
   * together with it. Some of them may be hidden: {@link #open} gives them, {@link #summary} does
   * not.
   */
  public List<String> ancestors(String id) {
    return catalog.below(id).stream().map(DocumentPart::name).toList();
  }

  /** Whether it was deleted, but others stand on it. */
  public boolean isHidden(String id) {
    return catalog.isHidden(id);
  }

  private @Nullable OpenDocument openHidden(DocumentPart part) throws IOException {
    SealedDocument gone = catalog.lineage.get(part.id());
    if (gone == null) {
      throw catalog.notFound(part.id());
    }
    return open(part, gone);
  }

  // -- closing
  // -----------------------------------------------------------------------------------------------------

  /**
   * Closes all documents once their readers have left. Those being built go back to their last
   * checkpoint, as they do in a crash.
   */
  @Override
  public void close() {
    catalog.life.book().flush();
    for (String id : List.copyOf(catalog.entries.keySet())) {
      switch (catalog.entries.remove(id)) {
        case Entry.Building building -> building.document().release();
        case Entry.Sealed sealed -> sealed.document().release();
        case Entry.Damaged damaged -> {}
        case null -> {}
      }
    }
    catalog.lineage.all().values().forEach(SealedDocument::release);
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
