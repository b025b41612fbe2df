package io.ltri.index.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Documents that were deleted while others stand on them. They stay where they are, with a mark of
 * their name in the folder {@code .hidden}: nobody finds them, but who searches a document that
 * continues them still reads them. With the last of those they go for good.
 */
final class Lineage {

  private final FileLayer files;
  private final Path marks;
  private final ReentrantLock turn = new ReentrantLock();
  private final Map<String, SealedDocument> hidden = new ConcurrentHashMap<>();

  /** Parents of documents that are about to be made. */
  private final Map<String, String> promises = new ConcurrentHashMap<>();

  Lineage(FileLayer files, Path marks) {
    this.files = files;
    this.marks = marks;
  }

  /** Held while a document gets a parent, and while one is deleted. */
  ReentrantLock turn() {
    return turn;
  }

  /** Ids of the marks of an earlier run. */
  Set<String> marked() throws IOException {
    Set<String> ids = new HashSet<>();
    for (Path mark : FolderTree.list(marks)) {
      ids.add(mark.getFileName().toString());
    }
    return ids;
  }

  /** It was marked in an earlier run. */
  void found(String id, SealedDocument document) {
    hidden.put(id, document);
  }

  /** Durable when it returns; the caller takes the document off its list afterwards. */
  void hide(String id, SealedDocument document) throws IOException {
    Path mark = marks.resolve(id);
    try (FileLayer.WritableFile file = files.create(mark)) {
      file.force();
      files.forceFolder(marks);
    } catch (IOException e) {
      FolderTree.deleteQuietly(files, mark);
      throw e;
    }
    hidden.put(id, document);
  }

  /** A document that is about to be made will stand on this one. */
  void promise(String id, String parentId) {
    promises.put(id, parentId);
  }

  /** The document is there, or does not come. */
  void kept(String id) {
    promises.remove(id);
  }

  /** Those that documents which are about to be made will stand on. */
  Set<String> promised() {
    return new HashSet<>(promises.values());
  }

  @Nullable SealedDocument get(String id) {
    return hidden.get(id);
  }

  Map<String, SealedDocument> all() {
    return Map.copyOf(hidden);
  }

  /** Its folder is gone. */
  void purged(String id) {
    hidden.remove(id);
    if (Files.exists(marks.resolve(id))) {
      FolderTree.deleteQuietly(files, marks.resolve(id));
    }
  }
}
