package io.ltri.index.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Writes a checkpoint: the tail as it comes in, to a folder that is not yet one of a checkpoint;
 * when all that the checkpoint speaks of was forced to the disk, the folder gets its name.
 */
final class Checkpointing implements CheckpointSession {

  private final FileLayer files;
  private final BuildingDocument document;
  private final long tokens;
  private final int number;
  private final Path unfinished;
  private final TailFile.Writer tail;
  private final Set<Long> kept;

  /** The same tail beside the block files, where it stays; null when this one is not kept. */
  private final TailFile.@Nullable Writer boundary;

  private boolean finished;

  /**
   * The caller turns failures into what the store says.
   *
   * @param kept tokens of the checkpoints, this one and those before it, at which others may begin
   */
  Checkpointing(FileLayer files, BuildingDocument document, long tokens, Set<Long> kept)
      throws IOException {
    if (tokens <= 0) {
      throw new InvalidInputException(
          "a checkpoint is made after a number of tokens, not after " + tokens);
    }
    this.files = files;
    this.document = document;
    this.tokens = tokens;
    this.kept = Set.copyOf(kept);
    this.number = document.beginCheckpoint();
    this.unfinished =
        document
            .scratchFolder()
            .resolve(Checkpoint.FOLDER_PREFIX + number + Checkpoint.UNFINISHED_SUFFIX);
    try {
      files.createFolders(unfinished);
      this.tail =
          new TailFile.Writer(
              EncryptedFiles.of(files, document.cipher(), Checkpoint.FOLDER_PREFIX + number + "/"),
              unfinished);
    } catch (IOException | RuntimeException e) {
      FolderTree.deleteQuietly(files, unfinished);
      throw e;
    }
    try {
      this.boundary =
          kept.contains(tokens)
              ? new TailFile.Writer(
                  EncryptedFiles.of(files, document.cipher(), ""),
                  document.folder(),
                  Boundary.file(number))
              : null;
    } catch (IOException | RuntimeException e) {
      tail.close();
      discard();
      throw e;
    }
  }

  private Path boundaryFile(int ofCheckpoint) {
    return document.folder().resolve(Boundary.file(ofCheckpoint));
  }

  private void discard() {
    FolderTree.deleteQuietly(files, unfinished);
    if (Files.exists(boundaryFile(number))) {
      FolderTree.deleteQuietly(files, boundaryFile(number));
    }
  }

  @Override
  public void tail(String section, ByteBuffer data) {
    try {
      tail.write(section, data);
      if (boundary != null) {
        boundary.write(section, data);
      }
    } catch (IOException e) {
      throw DocumentStore.failure("write the tail of a checkpoint of document " + document.id(), e);
    }
  }

  @Override
  public DocumentSummary finish() {
    Checkpoint before = document.checkpoint();
    try {
      tail.finish();
      tail.close();
      Path recorded = null;
      if (boundary != null) {
        boundary.finish();
        boundary.close();
        recorded = boundaryFile(number);
      }
      document.checkpoint(
          number, tokens, unfinished.resolve(TailFile.FILE), kept, recorded, this::write);
      finished = true;
    } catch (IOException e) {
      throw DocumentStore.failure("make a checkpoint of document " + document.id(), e);
    }
    if (before != null) {
      FolderTree.deleteQuietly(files, document.scratchFolder().resolve(before.folder()));
      for (Boundary passed : before.boundaries()) {
        if (!kept.contains(passed.tokens())) {
          FolderTree.deleteQuietly(files, boundaryFile(passed.number()));
        }
      }
    }
    return document.summary();
  }

  private void write(Checkpoint made) throws IOException {
    try (SequentialFile out = new SequentialFile(files, unfinished.resolve(Checkpoint.FILE))) {
      out.write(made.toJson());
      out.force();
    }
    files.forceFolder(unfinished);
    // The first checkpoint makes the folders of the build durable.
    files.forceFolder(document.folder());
    files.forceFolder(Objects.requireNonNull(document.folder().getParent()));
    Path scratch = document.scratchFolder();
    Path target = scratch.resolve(made.folder());
    files.move(unfinished, target);
    try {
      files.forceFolder(scratch);
    } catch (IOException e) {
      FolderTree.deleteQuietly(files, target);
      throw e;
    }
  }

  @Override
  public void close() {
    if (!finished) {
      finished = true;
      try {
        tail.close();
        if (boundary != null) {
          boundary.close();
        }
      } catch (IOException e) {
        // It is deleted in the next line.
      }
      discard();
    }
  }
}
