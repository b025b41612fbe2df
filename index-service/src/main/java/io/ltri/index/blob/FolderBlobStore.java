package io.ltri.index.blob;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A folder that all nodes mount: a file per key. What is put is written beside, in {@code .part},
 * forced to the disk, and comes to its place by one rename, or by a hard link where nothing may be
 * there. Changes of what is there take turns by a file lock, which the file system must carry
 * between machines (NFS 4 does).
 */
public final class FolderBlobStore implements BlobStore {

  private static final String PARTS = ".part";
  private static final String LOCKS = ".lock";
  private static final int LOCK_FILES = 64;
  private static final int BUFFER = 1 << 18;
  private static final int ATTEMPTS = 20;
  private static final long OLD_PART_MILLIS = TimeUnit.DAYS.toMillis(1);

  /** A file lock belongs to the whole process, so its threads take turns among themselves first. */
  private static final Map<Path, ReentrantLock> TURNS = new ConcurrentHashMap<>();

  private final Path root;

  /**
   * @param root must exist: a folder that is missing is one that was not mounted
   */
  public FolderBlobStore(Path root) {
    if (!root.isAbsolute() || !Files.isDirectory(root)) {
      throw new IllegalArgumentException(
          "the blob store %s is no folder: make it, or mount it, and give its whole path"
              .formatted(root));
    }
    this.root = root.normalize();
    attempt(
        "open",
        "",
        () -> {
          Files.createDirectories(root.resolve(PARTS));
          Files.createDirectories(root.resolve(LOCKS));
          removeOldParts();
          return true;
        });
  }

  private void removeOldParts() throws IOException {
    try (var parts = Files.newDirectoryStream(root.resolve(PARTS))) {
      for (Path part : parts) {
        try {
          long age = System.currentTimeMillis() - Files.getLastModifiedTime(part).toMillis();
          if (age > OLD_PART_MILLIS) {
            Files.deleteIfExists(part);
          }
        } catch (NoSuchFileException e) {
          continue;
        }
      }
    }
  }

  @Override
  public String place() {
    return "folder:" + root;
  }

  // -- operations
  // ------------------------------------------------------------------------------------------------

  @Override
  public void put(String key, Path file, String sha256) {
    attempt(
        "put",
        key,
        () -> {
          Path part = copy(key, file, sha256);
          try {
            come(
                key,
                target ->
                    Files.move(
                        part,
                        target,
                        StandardCopyOption.ATOMIC_MOVE,
                        StandardCopyOption.REPLACE_EXISTING));
          } finally {
            Files.deleteIfExists(part);
          }
          return true;
        });
  }

  @Override
  public boolean putIfAbsent(String key, byte[] bytes) {
    return attempt(
        "put",
        key,
        () -> {
          Path part = write(bytes);
          try {
            come(key, target -> Files.createLink(target, part));
            return true;
          } catch (FileAlreadyExistsException e) {
            return false;
          } catch (UnsupportedOperationException e) {
            throw new IOException("the file system of the blob store has no hard links", e);
          } finally {
            Files.deleteIfExists(part);
          }
        });
  }

  @Override
  public @Nullable Blob read(String key) {
    Path file = path(key);
    try {
      for (int i = 0; i < ATTEMPTS; i++) {
        String before = version(attributes(file));
        byte[] bytes = Files.readAllBytes(file);
        if (version(attributes(file)).equals(before)) {
          return new Blob(bytes, before);
        }
      }
      throw new IOException("it changes all the time");
    } catch (NoSuchFileException e) {
      return null;
    } catch (IOException e) {
      throw failure("read", key, e);
    }
  }

  @Override
  public boolean replace(String key, byte[] bytes, String version) {
    Path file = path(key);
    return attempt(
        "replace",
        key,
        () -> {
          Path part = write(bytes);
          try {
            return inTurn(
                key,
                () -> {
                  if (!version(attributes(file)).equals(version)) {
                    return false;
                  }
                  Files.move(
                      part,
                      file,
                      StandardCopyOption.ATOMIC_MOVE,
                      StandardCopyOption.REPLACE_EXISTING);
                  force(parent(file));
                  return true;
                });
          } catch (NoSuchFileException e) {
            return false;
          } finally {
            Files.deleteIfExists(part);
          }
        });
  }

  @Override
  public InputStream open(String key, long from) {
    Path file = path(key);
    return attempt(
        "open",
        key,
        () -> {
          FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
          try {
            return java.nio.channels.Channels.newInputStream(channel.position(from));
          } catch (IOException e) {
            channel.close();
            throw e;
          }
        });
  }

  @Override
  public List<ListedBlob> list(String folder) {
    Path start = path(Keys.folder(folder).substring(0, folder.length() - 1));
    List<ListedBlob> found = new ArrayList<>();
    attempt(
        "list",
        folder,
        () ->
            Files.walkFileTree(
                start,
                new SimpleFileVisitor<>() {
                  @Override
                  public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                    String key = root.relativize(file).toString().replace('\\', '/');
                    found.add(new ListedBlob(key, attributes.size(), version(attributes)));
                    return FileVisitResult.CONTINUE;
                  }

                  @Override
                  public FileVisitResult visitFileFailed(Path file, IOException e)
                      throws IOException {
                    return postVisitDirectory(file, e);
                  }

                  @Override
                  public FileVisitResult postVisitDirectory(Path gone, @Nullable IOException e)
                      throws IOException {
                    if (e != null && !(e instanceof NoSuchFileException)) {
                      throw e;
                    }
                    return FileVisitResult.CONTINUE;
                  }
                }));
    found.sort(Comparator.comparing(ListedBlob::key));
    return found;
  }

  @Override
  public void delete(String key) {
    Path file = path(key);
    attempt(
        "delete",
        key,
        () -> {
          if (!Files.exists(file)) {
            return true;
          }
          inTurn(key, () -> Files.deleteIfExists(file));
          removeEmptyFolders(file);
          return true;
        });
  }

  /** Somebody may be about to put something into them: then that is tried again. */
  private void removeEmptyFolders(Path file) throws IOException {
    Path folder = parent(file);
    try {
      force(folder);
      while (!folder.equals(root) && !parent(folder).equals(root)) {
        Files.delete(folder);
        folder = parent(folder);
        force(folder);
      }
    } catch (DirectoryNotEmptyException | NoSuchFileException e) {
      return;
    }
  }

  @Override
  public void close() {}

  // -- files
  // -----------------------------------------------------------------------------------------------------

  private Path path(String key) {
    return root.resolve(Keys.key(key));
  }

  private static Path parent(Path path) {
    return Objects.requireNonNull(path.getParent());
  }

  private Path part() {
    return root.resolve(PARTS).resolve(UUID.randomUUID().toString());
  }

  private Path write(byte[] bytes) throws IOException {
    Path part = part();
    try (FileChannel out =
        FileChannel.open(part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      ByteBuffer from = ByteBuffer.wrap(bytes);
      while (from.hasRemaining()) {
        out.write(from);
      }
      out.force(true);
    }
    return part;
  }

  private Path copy(String key, Path file, String sha256) throws IOException {
    Path part = part();
    boolean whole = false;
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ);
        FileChannel out =
            FileChannel.open(part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      MessageDigest digest = Digests.sha256();
      ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
      while (in.read(buffer) >= 0) {
        buffer.flip();
        digest.update(buffer.duplicate());
        while (buffer.hasRemaining()) {
          out.write(buffer);
        }
        buffer.clear();
      }
      Digests.require(key, file, sha256, digest);
      out.force(true);
      whole = true;
    } finally {
      if (!whole) {
        Files.deleteIfExists(part);
      }
    }
    return part;
  }

  private interface Arrival {
    void at(Path target) throws IOException;
  }

  /** Durable when it returns, with the folders above it. */
  private void come(String key, Arrival arrival) throws IOException {
    Path target = path(key);
    for (int i = 1; ; i++) {
      try {
        makeFolders(parent(target));
        arrival.at(target);
        force(parent(target));
        return;
      } catch (NoSuchFileException e) {
        // Somebody has removed the folder, for it was empty.
        if (i == ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  private void makeFolders(Path folder) throws IOException {
    if (Files.isDirectory(folder)) {
      return;
    }
    makeFolders(parent(folder));
    try {
      Files.createDirectory(folder);
    } catch (FileAlreadyExistsException e) {
      return;
    }
    force(parent(folder));
  }

  private static void force(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static BasicFileAttributes attributes(Path file) throws IOException {
    return Files.readAttributes(file, BasicFileAttributes.class);
  }

  /** A file is written once, so another one under the same name is another file. */
  private static String version(BasicFileAttributes file) {
    return "%x-%x-%s"
        .formatted(
            file.lastModifiedTime().to(TimeUnit.NANOSECONDS),
            file.size(),
            String.valueOf(file.fileKey()).replaceAll("[^A-Za-z0-9=,]", ""));
  }

  // -- turns and failures
  // ----------------------------------------------------------------------------------------

  private interface Work<T> {
    T run() throws IOException;
  }

  private <T> T inTurn(String key, Work<T> work) throws IOException {
    Path lock =
        root.resolve(LOCKS).resolve(Integer.toString(Math.floorMod(key.hashCode(), LOCK_FILES)));
    ReentrantLock turn = TURNS.computeIfAbsent(lock, first -> new ReentrantLock());
    turn.lock();
    try (FileChannel channel =
            FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held = channel.lock()) {
      return requireHeld(held, work);
    } finally {
      turn.unlock();
    }
  }

  private static <T> T requireHeld(FileLock lock, Work<T> work) throws IOException {
    if (!lock.isValid()) {
      throw new IOException("the file lock was lost");
    }
    return work.run();
  }

  private <T> T attempt(String what, String key, Work<T> work) {
    try {
      return work.run();
    } catch (IOException e) {
      throw failure(what, key, e);
    }
  }

  private BlobException failure(String what, String key, IOException e) {
    return new BlobException(
        reason(e), "the blob store %s could not %s %s: %s".formatted(place(), what, key, e), e);
  }

  private static BlobException.Reason reason(IOException e) {
    return switch (e) {
      case NoSuchFileException missing -> BlobException.Reason.NOT_FOUND;
      case AccessDeniedException denied -> BlobException.Reason.DENIED;
      default -> BlobException.Reason.UNAVAILABLE;
    };
  }
}
