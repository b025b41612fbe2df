package io.ltri.index.store;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * The real file system, until the process "dies" at an operation of the test's choice: from then on
 * nothing is changed any more. {@link #losePower} then does to the disk what a power failure may:
 * bytes that were not forced become garbage, zeros, or stay; sizes that were not forced are
 * forgotten; of what happened to folders that were not forced, the end is undone.
 */
final class CrashingFiles implements FileLayer {

  /** The process died here. */
  static final class Crash extends Error {
    private static final long serialVersionUID = 1;

    Crash(String operation) {
      super("crash at " + operation);
    }
  }

  private record Written(long from, long to) {}

  private static final class Tracked {
    final List<Written> unforced = new ArrayList<>();
    long size;
    long forcedSize;

    void force() {
      unforced.clear();
      forcedSize = size;
    }
  }

  /** A change of folders, and how it is undone. */
  private record Change(List<Path> folders, Undo undo) {}

  private interface Undo {
    void run() throws IOException;
  }

  private final FileLayer real = FileLayer.system();
  private final Path trash;
  private final Map<Path, Tracked> files = new HashMap<>();
  private final List<Change> changes = new ArrayList<>();
  private int left = Integer.MAX_VALUE;
  private int operations;
  private int deleted;
  private boolean crashed;
  private String lastOperation = "";

  /**
   * @param trash a folder on the same file system, outside of the data folder
   */
  CrashingFiles(Path trash) throws IOException {
    this.trash = Files.createDirectories(trash);
  }

  void crashAfter(int more) {
    left = more;
  }

  int operations() {
    return operations;
  }

  boolean crashed() {
    return crashed;
  }

  String lastOperation() {
    return lastOperation;
  }

  /** True: the operation is the one in which the process dies. */
  private boolean dies(String operation) {
    if (crashed) {
      throw new Crash(operation);
    }
    operations++;
    lastOperation = operation;
    crashed = left-- <= 0;
    return crashed;
  }

  private void step(String operation) {
    if (dies(operation)) {
      throw new Crash(operation);
    }
  }

  // -- operations
  // --------------------------------------------------------------------------------------------------

  @Override
  public void createFolders(Path folder) throws IOException {
    step("createFolders " + folder.getFileName());
    if (Files.notExists(folder)) {
      if (folder.getParent() != null && Files.notExists(folder.getParent())) {
        real.createFolders(folder.getParent());
      }
      real.createFolders(folder);
      changes.add(new Change(parents(folder), () -> FolderTree.delete(real, folder)));
    }
  }

  @Override
  public WritableFile create(Path file) throws IOException {
    step("create " + file.getFileName());
    WritableFile opened = real.create(file);
    Tracked tracked = new Tracked();
    files.put(file, tracked);
    changes.add(new Change(parents(file), () -> Files.deleteIfExists(file)));
    return new Open(file.getFileName().toString(), opened, tracked);
  }

  @Override
  public WritableFile reopen(Path file) throws IOException {
    step("reopen " + file.getFileName());
    Tracked tracked = files.get(file);
    if (tracked == null) {
      tracked = new Tracked();
      tracked.size = Files.size(file);
      tracked.forcedSize = tracked.size;
      files.put(file, tracked);
    }
    return new Open(file.getFileName().toString(), real.reopen(file), tracked);
  }

  private final class Open implements WritableFile {

    private final String name;
    private final WritableFile opened;
    private final Tracked tracked;

    Open(String name, WritableFile opened, Tracked tracked) {
      this.name = name;
      this.opened = opened;
      this.tracked = tracked;
    }

    @Override
    public void write(ByteBuffer bytes, long position) throws IOException {
      boolean dies = dies("write " + name);
      int count = dies ? bytes.remaining() / 2 : bytes.remaining();
      tracked.unforced.add(new Written(position, position + count));
      tracked.size = Math.max(tracked.size, position + count);
      if (dies) {
        opened.write(bytes.slice(bytes.position(), count), position);
        throw new Crash("write " + name);
      }
      opened.write(bytes, position);
    }

    @Override
    public void resize(long size) throws IOException {
      step("resize " + name);
      opened.resize(size);
      tracked.size = size;
      tracked.forcedSize = Math.min(tracked.forcedSize, size);
    }

    @Override
    public void force() throws IOException {
      step("force " + name);
      tracked.force();
    }

    @Override
    public MemorySegment map(long size, Arena arena) throws IOException {
      return opened.map(size, arena);
    }

    @Override
    public void close() throws IOException {
      opened.close();
    }
  }

  @Override
  public void forceFile(Path file) {
    step("force " + file.getFileName());
    Tracked tracked = files.get(file);
    if (tracked != null) {
      tracked.force();
    }
  }

  @Override
  public void move(Path from, Path to) throws IOException {
    step("move " + from.getFileName() + " to " + to.getFileName());
    real.move(from, to);
    rename(from, to);
    List<Path> folders = new ArrayList<>(parents(from));
    folders.addAll(parents(to));
    changes.add(
        new Change(
            folders,
            () -> {
              real.move(to, from);
              rename(to, from);
            }));
  }

  private void rename(Path from, Path to) {
    for (Path file : List.copyOf(files.keySet())) {
      if (file.startsWith(from)) {
        Tracked tracked = files.remove(file);
        Path renamed = file.equals(from) ? to : to.resolve(from.relativize(file));
        if (tracked != null) {
          files.put(renamed, tracked);
        }
      }
    }
  }

  @Override
  public void delete(Path path) throws IOException {
    step("delete " + path.getFileName());
    if (Files.isDirectory(path)) {
      real.delete(path);
      changes.add(new Change(parents(path), () -> Files.createDirectories(path)));
    } else {
      Path kept = trash.resolve("deleted" + deleted++);
      real.move(path, kept);
      rename(path, kept);
      changes.add(
          new Change(
              parents(path),
              () -> {
                real.move(kept, path);
                rename(kept, path);
              }));
    }
  }

  @Override
  public void forceFolder(Path folder) throws IOException {
    step("force folder " + folder.getFileName());
    Path forced = folder.toAbsolutePath().normalize();
    for (int i = changes.size() - 1; i >= 0; i--) {
      if (changes.get(i).folders.contains(forced)) {
        changes.subList(0, i + 1).clear();
        break;
      }
    }
  }

  private static List<Path> parents(Path path) {
    Path parent = path.toAbsolutePath().normalize().getParent();
    return parent == null ? List.of() : List.of(parent);
  }

  // -- the disk afterwards
  // -----------------------------------------------------------------------------------------

  void losePower(Random random) throws IOException {
    for (Map.Entry<Path, Tracked> file : Map.copyOf(files).entrySet()) {
      if (Files.isRegularFile(file.getKey())) {
        spoil(file.getKey(), file.getValue(), random);
      }
    }
    int undone = random.nextInt(changes.size() + 1);
    for (int i = 0; i < undone; i++) {
      changes.removeLast().undo.run();
    }
  }

  private static void spoil(Path file, Tracked tracked, Random random) throws IOException {
    try (RandomAccessFile opened = new RandomAccessFile(file.toFile(), "rw")) {
      for (Written written : tracked.unforced) {
        int kind = random.nextInt(4);
        byte[] bytes = new byte[(int) (written.to - written.from)];
        if (kind < 2) {
          random.nextBytes(bytes);
        }
        if (kind < 3) {
          opened.seek(written.from);
          opened.write(bytes);
        }
      }
      if (random.nextBoolean()) {
        opened.setLength(Math.min(opened.length(), tracked.forcedSize));
      }
    }
  }
}
