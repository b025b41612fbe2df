package io.ltri.index.store;

import io.ltri.index.cipher.DocumentCipher;
import io.ltri.index.store.Manifest.FileEntry;
import io.ltri.index.store.Manifest.LayerCounts;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import javax.crypto.AEADBadTagException;
import org.jspecify.annotations.Nullable;

/**
 * The files of a sealed document, all opened and mapped at once, so that whoever has them open can
 * finish when the folder is gone; closed by the last one who lets go. Span tables and Lucene's
 * files are read and compared with their checksums before a byte of them is used, a block when it
 * is first read, a section of the tail whenever it is read.
 *
 * <p>What is damaged answers with a {@link DataLossException} when it is asked for; the rest is
 * served.
 */
final class SealedFiles {

  private static final int LARGEST_READ = 1 << 20;

  private final Manifest manifest;
  private final Path folder;
  private final DamageMarks marks;
  private final @Nullable DocumentCipher cipher;
  private final Arena arena = Arena.ofShared();
  private final Pins pins = new Pins(this::close);
  private final List<Part<SealedRange>> ranges = new ArrayList<>();
  private @Nullable Part<SealedVectors> vectors;
  private @Nullable Part<Tail> tail;

  /**
   * Something that can be damaged: either it is there, or what is wrong with it. Neither: it is on
   * other nodes.
   */
  private record Part<T>(@Nullable T sound, @Nullable Fault fault, String document) {

    T get() {
      if (sound == null && fault == null) {
        throw new DocumentNotFoundException(
            "these layers of document %s are not on this node: ask one that serves them"
                .formatted(document));
      }
      if (sound == null) {
        throw Objects.requireNonNull(fault).exception(document);
      }
      return sound;
    }
  }

  private interface Opening<T> {
    T open() throws IOException;
  }

  /** The tail of an open document. */
  final class Tail implements TailSections {

    private final FileChannel channel;
    private final MemorySegment bytes;
    private final List<TailFile.Section> sections;

    private Tail(FileChannel channel, MemorySegment bytes, List<TailFile.Section> sections) {
      this.channel = channel;
      this.bytes = bytes;
      this.sections = sections;
    }

    @Override
    public List<TailFile.Section> sections() {
      return sections;
    }

    @Override
    public MemorySegment read(TailFile.Section section) {
      return marking(
          () -> {
            if (cipher != null) {
              return TailFile.read(bytes, section, TailFile.FILE, manifest.id());
            }
            checkSection(channel, section);
            return bytes.asSlice(section.offset(), section.bytes());
          });
    }
  }

  /** The tail of a boundary, in memory of its own. */
  final class BoundaryTail implements TailSections, AutoCloseable {

    private final String file;
    private final Arena memory;
    private final MemorySegment bytes;
    private final List<TailFile.Section> sections;

    private BoundaryTail(
        String file, Arena memory, MemorySegment bytes, List<TailFile.Section> sections) {
      this.file = file;
      this.memory = memory;
      this.bytes = bytes;
      this.sections = sections;
    }

    @Override
    public List<TailFile.Section> sections() {
      return sections;
    }

    @Override
    public MemorySegment read(TailFile.Section section) {
      return marking(() -> TailFile.read(bytes, section, file, manifest.id()));
    }

    @Override
    public void close() {
      memory.close();
    }
  }

  /**
   * @param cipher of its files; null: they are not encrypted
   */
  SealedFiles(Manifest manifest, Path folder, DamageMarks marks, @Nullable DocumentCipher cipher)
      throws IOException {
    this.manifest = manifest;
    this.folder = folder;
    this.marks = marks;
    this.cipher = cipher;
    boolean complete = false;
    try {
      Set<Integer> here = RangesNote.read(manifest, folder);
      for (LayerRange range : manifest.ranges()) {
        ranges.add(
            here == null || here.contains(ranges.size())
                ? part(() -> openRange(range))
                : new Part<>(null, null, manifest.id()));
      }
      vectors = part(() -> new SealedVectors(manifest, folder, this, cipher));
      tail = part(this::openTail);
      complete = true;
    } finally {
      if (!complete) {
        close();
      }
    }
  }

  private <T> Part<T> part(Opening<T> opening) throws IOException {
    try {
      return new Part<>(opening.open(), null, manifest.id());
    } catch (DataLossException e) {
      mark(e);
      Fault fault = e.fault();
      if (fault == null) {
        throw e;
      }
      return new Part<>(null, fault, manifest.id());
    }
  }

  private void mark(DataLossException problem) {
    Fault fault = problem.fault();
    if (fault != null) {
      marks.add(fault);
    }
  }

  /** Notes down what it finds damaged. */
  <T> T marking(Supplier<T> reading) {
    try {
      return reading.get();
    } catch (DataLossException e) {
      mark(e);
      throw e;
    }
  }

  // -- opening
  // -----------------------------------------------------------------------------------------------------

  DataLossException damaged(String file, String how) {
    return new Fault(file, how).exception(manifest.id());
  }

  /** Reads a whole file and compares it with what the manifest says of it. */
  void check(FileEntry entry) throws IOException {
    try (FileReading file = FileReading.checked(folder.resolve(entry.name()))) {
      if (file.size() != entry.bytes()) {
        throw Fault.size(entry.name(), file.size(), entry.bytes()).exception(manifest.id());
      }
      file.passRest();
      if (file.checksum() != entry.checksum()) {
        throw damaged(entry.name(), "its checksum does not match");
      }
    } catch (NoSuchFileException e) {
      throw Fault.missing(entry.name()).exception(manifest.id());
    } catch (EOFException e) {
      throw damaged(entry.name(), "it became shorter while it was read");
    }
  }

  MemorySegment map(FileEntry entry) throws IOException {
    try (FileChannel channel = channel(entry)) {
      return channel.map(MapMode.READ_ONLY, 0, entry.bytes(), arena);
    }
  }

  /** Mapped, or decrypted into memory that is given back when the document is closed. */
  private MemorySegment plain(FileEntry entry) throws IOException {
    return plain(entry, "");
  }

  /**
   * @param place goes before the name that the file is bound to, if it is encrypted
   */
  MemorySegment plain(FileEntry entry, String place) throws IOException {
    return plain(entry, place, arena);
  }

  private MemorySegment plain(FileEntry entry, String place, Arena memory) throws IOException {
    if (cipher == null) {
      return memory == arena ? map(entry) : read(entry, memory);
    }
    try {
      return EncryptedFiles.read(folder.resolve(entry.name()), cipher, place, memory);
    } catch (NoSuchFileException e) {
      throw Fault.missing(entry.name()).exception(manifest.id());
    } catch (EOFException e) {
      throw damaged(entry.name(), "it became shorter while it was read");
    } catch (AEADBadTagException e) {
      throw damaged(entry.name(), "it can not be decrypted");
    }
  }

  private MemorySegment read(FileEntry entry, Arena memory) throws IOException {
    MemorySegment bytes = memory.allocate(entry.bytes());
    try (FileChannel channel = channel(entry)) {
      for (long at = 0; at < entry.bytes(); ) {
        long piece = Math.min(LARGEST_READ, entry.bytes() - at);
        int read = channel.read(bytes.asSlice(at, piece).asByteBuffer(), at);
        if (read < 0) {
          throw damaged(entry.name(), "it became shorter while it was read");
        }
        at += read;
      }
    } catch (ClosedByInterruptException e) {
      throw e;
    } catch (IOException e) {
      throw Fault.unreadable(entry.name(), e).exception(manifest.id());
    }
    return bytes;
  }

  private FileChannel channel(FileEntry entry) throws IOException {
    FileChannel channel;
    try {
      channel = FileChannel.open(folder.resolve(entry.name()), StandardOpenOption.READ);
    } catch (NoSuchFileException e) {
      throw Fault.missing(entry.name()).exception(manifest.id());
    }
    boolean fits = false;
    try {
      long size = channel.size();
      fits = size == entry.bytes();
      if (!fits) {
        throw Fault.size(entry.name(), size, entry.bytes()).exception(manifest.id());
      }
      return channel;
    } finally {
      if (!fits) {
        channel.close();
      }
    }
  }

  private SealedRange openRange(LayerRange range) throws IOException {
    FileEntry tableFile = manifest.file(range.spanTable());
    check(tableFile);
    MemorySegment table = plain(tableFile);
    String problem = SpanTable.problem(table, range);
    if (problem != null) {
      throw damaged(tableFile.name(), problem);
    }
    for (int layer = range.first(); layer < range.first() + range.count(); layer++) {
      LayerCounts counts = manifest.layers().get(layer);
      if (SpanTable.spans(table, range, layer) != counts.spans()
          || SpanTable.vectors(table, range, layer) != counts.vectors()) {
        throw damaged(tableFile.name(), "its counts do not fit the manifest");
      }
    }
    FileEntry blockFile = manifest.file(range.blockFile());
    FileChannel channel = channel(blockFile);
    return new SealedRange(manifest, range, channel, map(blockFile), table, cipher);
  }

  /**
   * Reads the tail of a boundary; the caller closes it, and notes down what is damaged.
   *
   * @throws DataLossException when it is missing or damaged
   */
  BoundaryTail boundaryTail(Boundary boundary) throws IOException {
    String file = boundary.file();
    Arena memory = Arena.ofShared();
    boolean complete = false;
    try {
      MemorySegment bytes = plain(manifest.file(file), "", memory);
      BoundaryTail read =
          new BoundaryTail(file, memory, bytes, TailFile.sections(bytes, file, manifest.id()));
      complete = true;
      return read;
    } finally {
      if (!complete) {
        memory.close();
      }
    }
  }

  private Tail openTail() throws IOException {
    FileEntry entry = manifest.file(TailFile.FILE);
    FileChannel channel = channel(entry);
    boolean complete = false;
    try {
      MemorySegment bytes = plain(entry);
      Tail opened =
          new Tail(channel, bytes, TailFile.sections(bytes, TailFile.FILE, manifest.id()));
      complete = true;
      return opened;
    } finally {
      if (!complete) {
        channel.close();
      }
    }
  }

  // -- reading
  // -----------------------------------------------------------------------------------------------------

  Manifest manifest() {
    return manifest;
  }

  /**
   * The files that hold a layer.
   *
   * @throws DataLossException when they are damaged
   */
  SealedRange range(int layer) {
    return ranges.get(layer / manifest.layersPerFile()).get();
  }

  /**
   * @throws DataLossException when they are damaged
   */
  SealedVectors vectors() {
    Part<SealedVectors> part = vectors;
    if (part == null) {
      throw new IllegalStateException("not opened");
    }
    return part.get();
  }

  /**
   * @throws DataLossException when it is damaged
   */
  Tail tail() {
    Part<Tail> part = tail;
    if (part == null) {
      throw new IllegalStateException("not opened");
    }
    return part.get();
  }

  private void checkSection(FileChannel channel, TailFile.Section section) {
    try {
      if (Checksums.of(channel, section.offset(), section.bytes()) != section.checksum()) {
        throw damaged(
            TailFile.FILE, "the checksum of section " + section.name() + " does not match");
      }
    } catch (ClosedByInterruptException e) {
      throw new StorageFailureException("the reading of a tail was interrupted", e);
    } catch (IOException e) {
      throw Fault.unreadable(TailFile.FILE, e).exception(manifest.id());
    }
  }

  // -- who uses it
  // -------------------------------------------------------------------------------------------------

  boolean pin() {
    return pins.pin();
  }

  void unpin() {
    pins.unpin();
  }

  /**
   * Whether only the document itself holds it; a caller who keeps others from pinning can rely on
   * it.
   */
  boolean idle() {
    return pins.users() == 1;
  }

  /** Blocks are verified again when they are next read. */
  void distrust() {
    for (Part<SealedRange> range : ranges) {
      if (range.sound != null) {
        range.sound.distrust();
      }
    }
  }

  private void close() {
    try {
      if (vectors != null && vectors.sound != null) {
        vectors.sound.close();
      }
      for (Part<SealedRange> range : ranges) {
        if (range.sound != null) {
          range.sound.close();
        }
      }
      if (tail != null && tail.sound != null) {
        tail.sound.channel.close();
      }
    } catch (IOException e) {
      throw new StorageFailureException("document " + manifest.id() + " could not be closed", e);
    } finally {
      arena.close();
    }
  }
}
