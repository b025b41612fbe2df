package io.ltri.index.store;

import io.ltri.index.cipher.DocumentCipher;
import io.ltri.index.cipher.TenantKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Builds that nobody holds but that can be taken up at a checkpoint: those of an earlier run of the
 * service, and those on their way from one writer to the next. Who takes a build up gets it under a
 * new id, so that its earlier writer, should it still be alive, can not append to it.
 *
 * <p>A build is in the folders {@code ID} (block files) and {@code ID.scratch} (scratch files,
 * checkpoints). Both are renamed when it is taken up; meanwhile an empty file {@code next.NEWID} in
 * the latter says which belong together.
 */
final class UnfinishedBuilds {

  private static final Logger LOG = LoggerFactory.getLogger(UnfinishedBuilds.class);

  static final String SCRATCH = ".scratch";

  private static final String NEXT_PREFIX = "next.";

  /** Look-ups take milliseconds; longer waits only a stream of blocks that nobody reads. */
  private static final long LONGEST_WAIT_FOR_READERS_MILLIS = 5_000;

  private static final int REMEMBERED_IDS = 1_000;

  /**
   * A build that nobody holds.
   *
   * @param before as its last writer had it; null when that was in an earlier run
   */
  record Waiting(
      String id,
      Path folder,
      Path scratchFolder,
      Checkpoint checkpoint,
      @Nullable BuildingDocument before) {

    DocumentSummary summary() {
      return checkpoint.summary(id);
    }
  }

  private final FileLayer files;
  private final Path building;
  private final ReentrantLock turn = new ReentrantLock();
  private final Map<String, Waiting> waiting = new ConcurrentHashMap<>();

  /** Old and new id of the build that the holder of the turn takes up at this moment. */
  private volatile Set<String> beingTaken = Set.of();

  /** Ids under which builds were held before; the oldest are forgotten. */
  private final Map<String, Boolean> formerIds =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
          return size() > REMEMBERED_IDS;
        }
      };

  UnfinishedBuilds(FileLayer files, Path building) {
    this.files = files;
    this.building = building;
  }

  /** Held while a build goes from one writer to the next. */
  ReentrantLock turn() {
    return turn;
  }

  // -- after a restart
  // ---------------------------------------------------------------------------------------------

  /**
   * Finds the builds with a checkpoint, cuts off what was written after it and deletes all other
   * builds; returns the names of those.
   */
  List<String> recover() throws IOException {
    completeRenames();
    Set<String> names = new TreeSet<>();
    for (Path path : FolderTree.list(building)) {
      names.add(baseOf(path.getFileName().toString()));
    }
    List<String> deleted = new ArrayList<>();
    for (String name : names) {
      Path folder = building.resolve(name);
      Path scratch = building.resolve(name + SCRATCH);
      boolean whole = Files.isDirectory(folder) && Files.isDirectory(scratch);
      Checkpoint checkpoint = whole ? newest(folder, scratch) : null;
      if (checkpoint != null) {
        cut(folder, scratch, checkpoint);
        waiting.put(name, new Waiting(name, folder, scratch, checkpoint, null));
        LOG.info(
            "document {} is unfinished: it can be taken up after {} tokens",
            name,
            checkpoint.tokens());
        continue;
      }
      if (Files.exists(folder)) {
        deleted.add(name);
        FolderTree.delete(files, folder);
      }
      if (Files.exists(scratch)) {
        FolderTree.delete(files, scratch);
      }
    }
    return deleted;
  }

  /** The second folder follows the first. */
  private void completeRenames() throws IOException {
    for (Path scratch : FolderTree.list(building)) {
      String name = scratch.getFileName().toString();
      if (!name.endsWith(SCRATCH) || Files.exists(building.resolve(baseOf(name)))) {
        continue;
      }
      for (Path note : FolderTree.list(scratch)) {
        String next = note.getFileName().toString();
        if (next.startsWith(NEXT_PREFIX)) {
          Path folder = building.resolve(next.substring(NEXT_PREFIX.length()));
          Path target = building.resolve(folder.getFileName() + SCRATCH);
          if (Files.isDirectory(folder) && Files.notExists(target)) {
            files.move(scratch, target);
            files.forceFolder(building);
            break;
          }
        }
      }
    }
  }

  private static String baseOf(String name) {
    return name.endsWith(SCRATCH) ? name.substring(0, name.length() - SCRATCH.length()) : name;
  }

  private static @Nullable Checkpoint newest(Path folder, Path scratch) throws IOException {
    List<Checkpoint> found = new ArrayList<>();
    for (Path path : FolderTree.list(scratch)) {
      Path file = path.resolve(Checkpoint.FILE);
      if (Files.isRegularFile(file)) {
        Checkpoint checkpoint = Checkpoint.fromJson(Files.readAllBytes(file));
        if (checkpoint != null
            && path.equals(scratch.resolve(checkpoint.folder()))
            && isWhole(checkpoint, folder, scratch)) {
          found.add(checkpoint.with(boundaries(checkpoint, folder)));
        }
      }
    }
    return found.stream().max(Comparator.comparingInt(Checkpoint::number)).orElse(null);
  }

  /**
   * Whether the files are there and block files as long as the checkpoint says. A scratch file may
   * be shorter: its last extents have slots that nothing was written to. What is in it is compared
   * with its checksums when the build is taken up.
   */
  private static boolean isWhole(Checkpoint checkpoint, Path folder, Path scratch)
      throws IOException {
    Path tail = scratch.resolve(checkpoint.folder()).resolve(TailFile.FILE);
    if (!Files.isRegularFile(tail) || Files.size(tail) != checkpoint.tailBytes()) {
      return false;
    }
    LayerRange[] ranges = LayerRange.of(checkpoint.layout().layers(), checkpoint.layersPerFile());
    for (int i = 0; i < ranges.length; i++) {
      Path blockFile = folder.resolve(ranges[i].blockFile());
      Path scratchFile = scratch.resolve(ranges[i].scratchFile());
      if (!Files.isRegularFile(blockFile)
          || !Files.isRegularFile(scratchFile)
          || Files.size(blockFile) < checkpoint.ranges().get(i).blocks()) {
        return false;
      }
    }
    return true;
  }

  /** Those whose file is there; without the others it can be gone on with all the same. */
  private static List<Boundary> boundaries(Checkpoint checkpoint, Path folder) throws IOException {
    List<Boundary> there = new ArrayList<>();
    for (Boundary boundary : checkpoint.boundaries()) {
      Path file = folder.resolve(boundary.file());
      if (Files.isRegularFile(file) && Files.size(file) == boundary.tailBytes()) {
        there.add(boundary);
      }
    }
    return there;
  }

  private void cut(Path folder, Path scratch, Checkpoint checkpoint) throws IOException {
    Set<Path> kept = new HashSet<>();
    kept.add(scratch.resolve(checkpoint.folder()));
    checkpoint.boundaries().forEach(boundary -> kept.add(folder.resolve(boundary.file())));
    LayerRange[] ranges = LayerRange.of(checkpoint.layout().layers(), checkpoint.layersPerFile());
    for (int i = 0; i < ranges.length; i++) {
      Path blockFile = folder.resolve(ranges[i].blockFile());
      Path scratchFile = scratch.resolve(ranges[i].scratchFile());
      kept.add(blockFile);
      kept.add(scratchFile);
      resize(blockFile, checkpoint.ranges().get(i).blocks());
      resize(scratchFile, checkpoint.ranges().get(i).scratch());
    }
    for (Path parent : List.of(folder, scratch)) {
      for (Path path : FolderTree.list(parent)) {
        if (!kept.contains(path)) {
          FolderTree.delete(files, path);
        }
      }
    }
  }

  private void resize(Path file, long size) throws IOException {
    if (Files.size(file) != size) {
      try (FileLayer.WritableFile opened = files.reopen(file)) {
        opened.resize(size);
      }
    }
  }

  // -- from one writer to the next
  // ---------------------------------------------------------------------------------

  /**
   * Its writer is not heard of any more, or another one wants it.
   *
   * @return false when there is no checkpoint to take it up at
   */
  boolean letGo(BuildingDocument document) {
    document.letGo();
    Checkpoint checkpoint = document.checkpoint();
    if (checkpoint == null) {
      remember(document.id());
      return false;
    }
    waiting.put(
        document.id(),
        new Waiting(
            document.id(), document.folder(), document.scratchFolder(), checkpoint, document));
    return true;
  }

  @Nullable Waiting find(NewDocument wanted) {
    return waiting.values().stream()
        .filter(
            build ->
                build.checkpoint.buildKey().equals(wanted.buildKey())
                    && build.checkpoint.origin().tenant().equals(wanted.origin().tenant()))
        .max(Comparator.comparingLong(build -> build.checkpoint.tokens()))
        .orElse(null);
  }

  /**
   * Opens it for its next writer; it stays here, under its new id, until {@link #taken}.
   *
   * @throws WrongStateException when its key is not there
   * @throws DataLossException when it is damaged
   */
  BuildingDocument resume(Waiting build, NewDocument wanted, String newId, TenantKeys keys)
      throws IOException {
    requireFitting(build, wanted);
    DocumentCipher cipher =
        Ciphers.open(keys, build.checkpoint.encryption(), build.checkpoint.origin(), build.id);
    if (build.before != null && !build.before.awaitClosed(LONGEST_WAIT_FOR_READERS_MILLIS)) {
      throw new WrongStateException(
          "can not take over document %s: it is still being read by others. Try again when they have finished."
              .formatted(build.id));
    }
    Waiting renamed = rename(build, newId);
    return BuildingDocument.resume(
        files,
        renamed.folder,
        renamed.scratchFolder,
        newId,
        build.checkpoint,
        wanted.attributes(),
        cipher,
        build.before == null ? 0 : build.before.lastCheckpoint());
  }

  /**
   * The one that is taken up must not make room for that.
   *
   * @param ids of that build; none: it has been taken up, or was not
   */
  void taking(Set<String> ids) {
    beingTaken = ids;
  }

  boolean isBeingTaken(String id) {
    return beingTaken.contains(id);
  }

  private Waiting rename(Waiting build, String newId) throws IOException {
    Path folder = building.resolve(newId);
    Path scratch = building.resolve(newId + SCRATCH);
    String note = NEXT_PREFIX + newId;
    files.create(build.scratchFolder.resolve(note)).close();
    files.forceFolder(build.scratchFolder);
    files.move(build.folder, folder);
    try {
      files.forceFolder(building);
      files.move(build.scratchFolder, scratch);
      files.forceFolder(building);
    } catch (IOException e) {
      // Wherever the two are, they are found again.
      Path where = Files.exists(scratch) ? scratch : build.scratchFolder;
      waiting.put(build.id, new Waiting(build.id, folder, where, build.checkpoint, build.before));
      throw e;
    }
    Waiting renamed = new Waiting(newId, folder, scratch, build.checkpoint, build.before);
    waiting.put(newId, renamed);
    remember(build.id);
    waiting.remove(build.id);
    FolderTree.deleteQuietly(files, scratch.resolve(note));
    return renamed;
  }

  private static void requireFitting(Waiting build, NewDocument wanted) {
    boolean sameLayout = build.checkpoint.layout().equals(wanted.layout());
    DocumentPart parent = build.checkpoint.origin().parent();
    if (!sameLayout || !parent.equals(wanted.origin().parent())) {
      throw new WrongStateException(
          "there is an unfinished document %s with this build_key, but its %s is another: %s, not %s. Delete it, or use another build_key."
              .formatted(
                  build.id,
                  sameLayout ? "parent" : "layout",
                  sameLayout ? parent.name() : build.checkpoint.layout(),
                  sameLayout ? wanted.origin().parent().name() : wanted.layout()));
    }
  }

  /** It has its next writer. */
  void taken(String id) {
    waiting.remove(id);
  }

  private void remember(String id) {
    synchronized (formerIds) {
      formerIds.put(id, true);
    }
  }

  // -- what is waiting
  // ---------------------------------------------------------------------------------------------

  @Nullable Waiting get(String id) {
    return waiting.get(id);
  }

  List<Waiting> all() {
    return List.copyOf(waiting.values());
  }

  /** Deletes a build that nobody holds; returns the bytes freed. */
  long drop(Waiting build) {
    waiting.remove(build.id, build);
    FolderTree.deleteQuietly(files, build.folder);
    FolderTree.deleteQuietly(files, build.scratchFolder);
    return build.checkpoint.sizeBytes();
  }

  /** Says why a document that can not be found can not, when it is or was a build. */
  @Nullable WrongStateException explain(String id) {
    Waiting build = waiting.get(id);
    if (build != null) {
      return new WrongStateException(
          "document %s is unfinished and nobody holds it: create a document with the same build_key to go on after its %d tokens"
              .formatted(id, build.checkpoint.tokens()));
    }
    synchronized (formerIds) {
      return formerIds.containsKey(id) ? takenOver(id) : null;
    }
  }

  static WrongStateException takenOver(String id) {
    return new WrongStateException(
        "document %s was taken over by another writer that gave its build_key: this one can not go on"
            .formatted(id));
  }
}
