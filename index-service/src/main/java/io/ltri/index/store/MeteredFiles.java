package io.ltri.index.store;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A file layer that counts what it writes. Every block of a file that is written for the first time
 * is charged to the account of the document before a byte of it goes to the disk, whoever writes it
 * and whatever length was announced; so no writer gets past a limit. Lengthening a file by zeros
 * takes no room and is not charged.
 *
 * <p>Files belong to a document by their place: {@code ID/…}, {@code .ANY/ID/…} and {@code
 * .ANY/ID.suffix/…} below the documents' folder. Other files are not counted.
 */
final class MeteredFiles implements FileLayer {

  private static final int BLOCK = Accounts.BLOCK_BYTES;

  /** Marks of documents that others stand on; they are empty. */
  private static final String FREE_OF_CHARGE = ".hidden";

  private final FileLayer files;
  private final Path documents;
  private final Accounts accounts;

  /** Files that are open for writing, and those with holes, by which their length misleads. */
  private final Map<Path, Metered> open = new ConcurrentHashMap<>();

  MeteredFiles(FileLayer files, Path documents, Accounts accounts) {
    this.files = files;
    this.documents = documents;
    this.accounts = accounts;
  }

  /** The name of the account that a path belongs to; null when it belongs to none. */
  @Nullable String account(Path path) {
    if (!path.startsWith(documents) || path.equals(documents)) {
      return null;
    }
    Path inside = documents.relativize(path);
    int at = 0;
    if (inside.getName(0).toString().startsWith(".")) {
      if (inside.getNameCount() == 1 || inside.getName(0).toString().equals(FREE_OF_CHARGE)) {
        return null;
      }
      at = 1;
    }
    String name = inside.getName(at).toString();
    int dot = name.indexOf('.');
    return dot < 0 ? name : name.substring(0, dot);
  }

  /** Charges all that is there; to be called once, at the start. */
  void chargeWhatIsThere() throws IOException {
    Files.walkFileTree(
        documents,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            found(folder, BLOCK, attributes);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            found(file, blocks(attributes.size()) * BLOCK, attributes);
            return FileVisitResult.CONTINUE;
          }

          private void found(Path path, long bytes, BasicFileAttributes attributes) {
            String name = account(path);
            if (name != null) {
              accounts.found(name, bytes, attributes.lastModifiedTime().toMillis());
            }
          }
        });
  }

  private static long blocks(long bytes) {
    return (bytes + BLOCK - 1) / BLOCK;
  }

  /** What is charged for a file, a folder, or a folder with all that is in it. */
  private long charged(Path path, boolean deep) throws IOException {
    Metered metered = open.get(path);
    if (metered != null) {
      return metered.chargedBytes();
    }
    if (!Files.isDirectory(path)) {
      return blocks(Files.size(path)) * BLOCK;
    }
    long bytes = BLOCK;
    if (deep) {
      try (var below = Files.list(path)) {
        for (Path inner : below.toList()) {
          bytes += charged(inner, true);
        }
      }
    }
    return bytes;
  }

  @Override
  public void createFolders(Path folder) throws IOException {
    List<Path> missing = new ArrayList<>();
    for (Path at = folder; at != null && Files.notExists(at); at = at.getParent()) {
      if (account(at) != null) {
        missing.add(at);
      }
    }
    if (missing.isEmpty()) {
      files.createFolders(folder);
      return;
    }
    String name = Objects.requireNonNull(account(folder));
    long bytes = (long) missing.size() * BLOCK;
    accounts.charge(name, bytes);
    try {
      files.createFolders(folder);
    } catch (IOException e) {
      for (Path one : missing) {
        if (Files.notExists(one)) {
          accounts.release(name, BLOCK);
        }
      }
      throw e;
    }
  }

  @Override
  public WritableFile create(Path file) throws IOException {
    String name = account(file);
    WritableFile created = files.create(file);
    return name == null ? created : meter(file, name, created, 0);
  }

  @Override
  public WritableFile reopen(Path file) throws IOException {
    String name = account(file);
    long length = Files.exists(file) ? Files.size(file) : 0;
    WritableFile opened = files.reopen(file);
    return name == null ? opened : meter(file, name, opened, length);
  }

  private Metered meter(Path path, String name, WritableFile file, long length) {
    Metered before = open.get(path);
    Metered metered = new Metered(file, path, name, length, before == null ? null : before.written);
    open.put(path, metered);
    return metered;
  }

  @Override
  public void move(Path from, Path to) throws IOException {
    String source = account(from);
    String target = account(to);
    long replaced = target != null && Files.isRegularFile(to) ? charged(to, false) : 0;
    long moved = Objects.equals(source, target) ? 0 : charged(from, true);
    files.move(from, to);
    open.remove(to);
    if (target != null) {
      accounts.release(target, replaced);
    }
    if (source != null && target != null && !source.equals(target)) {
      accounts.move(source, target, moved);
    }
    for (Path path : List.copyOf(open.keySet())) {
      if (path.startsWith(from)) {
        Metered metered = open.remove(path);
        if (metered != null) {
          Path now = to.resolve(from.relativize(path));
          metered.moved(now, target);
          open.put(now, metered);
        }
      }
    }
  }

  @Override
  public void delete(Path path) throws IOException {
    String name = account(path);
    long bytes = 0;
    if (name != null) {
      try {
        bytes = charged(path, false);
      } catch (NoSuchFileException e) {
        open.remove(path);
      }
    }
    files.delete(path);
    open.remove(path);
    if (name != null) {
      accounts.release(name, bytes);
    }
  }

  @Override
  public void forceFile(Path file) throws IOException {
    files.forceFile(file);
  }

  @Override
  public void forceFolder(Path folder) throws IOException {
    files.forceFolder(folder);
  }

  /** Of a sealed document: what is said of it is written down even when there is no room left. */
  private boolean replacesFacts(Path path) {
    return path.endsWith(FactsFile.UNFINISHED)
        && !documents.relativize(path).getName(0).toString().startsWith(".");
  }

  private static boolean isDiskFull(Throwable problem) {
    String message = Objects.requireNonNullElse(problem.getMessage(), "").toLowerCase(Locale.ROOT);
    return message.contains("no space left")
        || message.contains("disk quota exceeded")
        || message.contains("not enough space");
  }

  /** A file whose blocks are counted. One thread at a time writes; any may ask. */
  private final class Metered implements WritableFile {

    private final WritableFile file;
    private Path path;
    private String account;

    /** A bit for each block that was ever written. */
    private final BitSet written;

    private long length;

    Metered(WritableFile file, Path path, String account, long length, @Nullable BitSet written) {
      this.file = file;
      this.path = path;
      this.account = account;
      this.length = length;
      if (written != null) {
        this.written = written;
      } else {
        this.written = new BitSet();
        this.written.set(0, Math.toIntExact(blocks(length)));
      }
    }

    synchronized long chargedBytes() {
      return (long) written.cardinality() * BLOCK;
    }

    synchronized void moved(Path now, @Nullable String toAccount) {
      path = now;
      account = toAccount == null ? account : toAccount;
    }

    @Override
    public void write(ByteBuffer bytes, long position) throws IOException {
      if (!bytes.hasRemaining()) {
        return;
      }
      long end = position + bytes.remaining();
      int first = Math.toIntExact(position / BLOCK);
      int last = Math.toIntExact((end - 1) / BLOCK);
      String name;
      long more;
      boolean anyway;
      synchronized (this) {
        name = account;
        anyway = replacesFacts(path);
        more = (long) (last + 1 - first - written.get(first, last + 1).cardinality()) * BLOCK;
      }
      if (more > 0) {
        if (anyway) {
          accounts.chargeAnyway(name, more);
        } else {
          accounts.charge(name, more);
        }
      }
      synchronized (this) {
        written.set(first, last + 1);
        length = Math.max(length, end);
      }
      int wanted = bytes.remaining();
      try {
        file.write(bytes, position);
      } catch (IOException e) {
        // What was charged stays so: part of it may have been written, and is written over.
        throw isDiskFull(e)
            ? new RefusedWriteException(
                "the disk is full, up to %d bytes are missing. Free some room".formatted(wanted), e)
            : e;
      }
    }

    @Override
    public void resize(long size) throws IOException {
      file.resize(size);
      long freed;
      String name;
      synchronized (this) {
        name = account;
        int from = Math.toIntExact(blocks(size));
        int to = Math.max(from, written.length());
        freed = (long) written.get(from, to).cardinality() * BLOCK;
        written.clear(from, to);
        length = size;
      }
      if (freed > 0) {
        accounts.release(name, freed);
      }
    }

    @Override
    public void force() throws IOException {
      file.force();
    }

    @Override
    public MemorySegment map(long size, Arena arena) throws IOException {
      return file.map(size, arena);
    }

    @Override
    public void close() throws IOException {
      boolean hasHoles;
      Path at;
      synchronized (this) {
        hasHoles = written.cardinality() != blocks(length);
        at = path;
      }
      if (!hasHoles) {
        open.remove(at, this);
      }
      file.close();
    }
  }
}
