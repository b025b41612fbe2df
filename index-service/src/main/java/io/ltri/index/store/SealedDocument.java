package io.ltri.index.store;

import io.ltri.index.cipher.TenantKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A document that never changes again. Its files are mapped when it is first read, and let go when
 * it is idle and others are wanted; see {@link SealedFiles} for what is verified when.
 */
final class SealedDocument {

  private final Manifest manifest;
  private final Path folder;
  private final DamageMarks marks;
  private final TenantKeys keys;
  private final ReentrantLock opening = new ReentrantLock();
  private @Nullable SealedFiles opened;
  private boolean released;
  private volatile @Nullable Boolean split;

  SealedDocument(Manifest manifest, Path folder, FileLayer files, TenantKeys keys) {
    this.manifest = manifest;
    this.folder = folder;
    this.marks = new DamageMarks(files, folder, manifest.id());
    this.keys = keys;
  }

  DocumentSummary summary() {
    return manifest
        .summary()
        .withFaults(marks.list())
        .split(isSplit() ? manifest.firstLayers() : List.of());
  }

  /** Whether other nodes have ranges of its layers, too. */
  boolean isSplit() {
    Boolean known = split;
    if (known == null) {
      known = Files.exists(folder.resolve(RangesNote.FILE));
      split = known;
    }
    return known;
  }

  /** The ranges of layers of which all files lie here. */
  Set<Integer> rangesHere() throws IOException {
    Set<Integer> noted = RangesNote.read(manifest, folder);
    return noted != null
        ? noted
        : IntStream.range(0, manifest.ranges().length).boxed().collect(Collectors.toSet());
  }

  /** Other ranges of layers lie here from now on: who opens it now sees them. */
  void reopen() {
    opening.lock();
    try {
      split = null;
      if (opened != null) {
        opened.unpin();
        opened = null;
      }
    } finally {
      opening.unlock();
    }
  }

  Manifest manifest() {
    return manifest;
  }

  Path folder() {
    return folder;
  }

  DamageMarks marks() {
    return marks;
  }

  /** Names of all its files, with slashes. */
  Set<String> fileNames() {
    Set<String> names = new HashSet<>(Set.of(Manifest.FILE, FactsFile.FILE));
    manifest.files().forEach(file -> names.add(file.name()));
    return names;
  }

  /**
   * Null when it was deleted meanwhile. What is damaged is found out when it is read, not here.
   *
   * @throws WrongStateException when it is encrypted and its key is not there
   * @throws IOException when the operating system refuses, for instance for want of file handles
   */
  @Nullable OpenDocument open() throws IOException {
    opening.lock();
    try {
      if (released) {
        return null;
      }
      if (opened != null && !Ciphers.hasKey(keys, manifest.encryption(), manifest.origin())) {
        opened.unpin();
        opened = null;
      }
      if (opened == null) {
        opened =
            new SealedFiles(
                manifest,
                folder,
                marks,
                Ciphers.open(keys, manifest.encryption(), manifest.origin(), manifest.id()));
      }
      return opened.pin() ? new Reader(opened) : null;
    } finally {
      opening.unlock();
    }
  }

  /**
   * The same, of the document's beginning.
   *
   * @throws WrongStateException when no boundary was recorded there
   */
  @Nullable OpenDocument open(long tokens) throws IOException {
    Boundary boundary = manifest.boundary(tokens);
    OpenDocument whole = open();
    return whole == null ? null : new Beginning((Reader) whole, boundary);
  }

  /** What was resident where what this reader sees ends. */
  static DocumentTail tail(OpenDocument document) throws IOException {
    return document instanceof Beginning beginning
        ? beginning.whole.sealed().boundaryTail(beginning)
        : new DocumentTail(document, ((Reader) document).files.tail());
  }

  private DocumentTail boundaryTail(Beginning beginning) throws IOException {
    try {
      SealedFiles.BoundaryTail tail = beginning.whole.files.boundaryTail(beginning.boundary);
      beginning.tail = tail;
      return new DocumentTail(beginning, tail);
    } catch (DataLossException e) {
      if (isReleased()) {
        throw new DocumentNotFoundException("document " + manifest.id() + " was deleted");
      }
      Fault fault = e.fault();
      if (fault != null) {
        marks.add(fault);
      }
      throw e;
    }
  }

  /** The files of a reader of this document. */
  static SealedFiles files(OpenDocument document) {
    return ((Reader) document).files;
  }

  /** Lets the mappings go when nobody reads; whether nothing is mapped afterwards. */
  boolean closeIdle() {
    opening.lock();
    try {
      if (opened != null && opened.idle()) {
        opened.unpin();
        opened = null;
      }
      return opened == null;
    } finally {
      opening.unlock();
    }
  }

  /**
   * Nothing that was verified is relied on any more: who reads now verifies again, who opens maps
   * again.
   */
  void distrust() {
    opening.lock();
    try {
      if (opened != null) {
        opened.distrust();
        opened.unpin();
        opened = null;
      }
    } finally {
      opening.unlock();
    }
  }

  /** Whether somebody reads it at this moment. */
  boolean isInUse() {
    opening.lock();
    try {
      return opened != null && !opened.idle();
    } finally {
      opening.unlock();
    }
  }

  /** Moves a folder. */
  interface Move {
    void run() throws IOException;
  }

  /**
   * Moves its folder away. Nobody opens it meanwhile or afterwards; who has it open has all of its
   * files open, and can finish.
   */
  void leave(Move move) throws IOException {
    opening.lock();
    try {
      move.run();
    } finally {
      if (Files.notExists(folder)) {
        release();
      }
      opening.unlock();
    }
  }

  /** Whether the store has let go of it; a file that is missing then is no damage. */
  boolean isReleased() {
    opening.lock();
    try {
      return released;
    } finally {
      opening.unlock();
    }
  }

  /** The store lets go of it: it is closed when the last reader has left. */
  void release() {
    opening.lock();
    try {
      released = true;
      if (opened != null) {
        opened.unpin();
        opened = null;
      }
    } finally {
      opening.unlock();
    }
  }

  /**
   * Sees the spans that were closed at a boundary, and compares all of their vectors: graphs were
   * built over those that came later, too.
   */
  private static final class Beginning implements OpenDocument {

    private final Reader whole;
    private final Boundary boundary;
    private SealedFiles.@Nullable BoundaryTail tail;
    private final AtomicBoolean closed = new AtomicBoolean();

    Beginning(Reader whole, Boundary boundary) {
      this.whole = whole;
      this.boundary = boundary;
    }

    @Override
    public String id() {
      return new DocumentPart(whole.id(), boundary.tokens()).name();
    }

    @Override
    public DocumentLayout layout() {
      return whole.layout();
    }

    @Override
    public SearchMode searchMode() {
      return SearchMode.SCAN;
    }

    @Override
    public LayerView layer(int layer) {
      layout().checkLayer(layer);
      return new SealedLayer(whole.files, layer, boundary.spans().get(layer));
    }

    @Override
    public void close() {
      if (closed.compareAndSet(false, true)) {
        if (tail != null) {
          tail.close();
        }
        whole.close();
      }
    }
  }

  private final class Reader implements OpenDocument {

    private final SealedFiles files;
    private final AtomicBoolean closed = new AtomicBoolean();

    Reader(SealedFiles files) {
      this.files = files;
    }

    SealedDocument sealed() {
      return SealedDocument.this;
    }

    @Override
    public String id() {
      return manifest.id();
    }

    @Override
    public DocumentLayout layout() {
      return manifest.layout();
    }

    @Override
    public SearchMode searchMode() {
      return manifest.searchMode();
    }

    @Override
    public LayerView layer(int layer) {
      manifest.layout().checkLayer(layer);
      return new SealedLayer(files, layer);
    }

    @Override
    public void close() {
      if (closed.compareAndSet(false, true)) {
        files.unpin();
      }
    }
  }
}
