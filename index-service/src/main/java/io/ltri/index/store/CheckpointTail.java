package io.ltri.index.store;

import io.ltri.index.cipher.DocumentCipher;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import javax.crypto.AEADBadTagException;
import org.jspecify.annotations.Nullable;

/** The tail of the last checkpoint of a document that is being built. */
final class CheckpointTail {

  private CheckpointTail() {}

  /** Null when a later checkpoint took its place meanwhile. */
  static @Nullable DocumentTail open(BuildingDocument document) throws IOException {
    Checkpoint checkpoint = document.checkpoint();
    if (checkpoint == null) {
      throw new WrongStateException(
          "document %s has no tail yet: it is being built, and no checkpoint was made"
              .formatted(document.id()));
    }
    Path file = document.scratchFolder().resolve(checkpoint.folder()).resolve(TailFile.FILE);
    OpenDocument reader = document.open();
    if (reader == null) {
      return null;
    }
    Arena arena = Arena.ofShared();
    Holder holder = new Holder(reader, arena);
    boolean complete = false;
    try {
      MemorySegment bytes = read(document, checkpoint, file, arena);
      DocumentTail tail =
          new DocumentTail(
              holder,
              new OfCheckpoint(
                  bytes, TailFile.sections(bytes, TailFile.FILE, document.id()), document.id()));
      complete = true;
      return tail;
    } catch (NoSuchFileException e) {
      return null;
    } finally {
      if (!complete) {
        holder.close();
      }
    }
  }

  private static MemorySegment read(
      BuildingDocument document, Checkpoint checkpoint, Path file, Arena arena) throws IOException {
    DocumentCipher cipher = document.cipher();
    if (cipher != null) {
      try {
        return EncryptedFiles.read(file, cipher, checkpoint.folder() + "/", arena);
      } catch (AEADBadTagException e) {
        throw new Fault(TailFile.FILE, "it can not be decrypted").exception(document.id());
      }
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return channel.map(MapMode.READ_ONLY, 0, checkpoint.tailBytes(), arena);
    }
  }

  private record OfCheckpoint(MemorySegment bytes, List<TailFile.Section> sections, String document)
      implements TailSections {

    @Override
    public MemorySegment read(TailFile.Section section) {
      return TailFile.read(bytes, section, TailFile.FILE, document);
    }
  }

  /** Closes the mapping of the tail together with the document. */
  private record Holder(OpenDocument document, Arena arena) implements OpenDocument {

    @Override
    public String id() {
      return document.id();
    }

    @Override
    public DocumentLayout layout() {
      return document.layout();
    }

    @Override
    public SearchMode searchMode() {
      return document.searchMode();
    }

    @Override
    public LayerView layer(int layer) {
      return document.layer(layer);
    }

    @Override
    public void close() {
      arena.close();
      document.close();
    }
  }
}
