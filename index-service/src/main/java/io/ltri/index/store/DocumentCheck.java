package io.ltri.index.store;

import io.ltri.index.cipher.DocumentCipher;
import io.ltri.index.cipher.TenantKeys;
import io.ltri.index.store.Manifest.FileEntry;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import javax.crypto.AEADBadTagException;
import org.jspecify.annotations.Nullable;

/**
 * Reads every file of a sealed document and compares it with the manifest, and every block and
 * section with its own checksum, so that what is bad can be named.
 */
final class DocumentCheck {

  private final Manifest manifest;
  private final Path folder;
  private final TenantKeys keys;
  private final VerifyProgress progress;
  private @Nullable DocumentCipher cipher;
  private final FaultList faults = new FaultList();
  private long readBytes;

  /**
   * @param keys without the key of an encrypted document, what is encrypted is compared with the
   *     manifest alone
   */
  DocumentCheck(Manifest manifest, Path folder, TenantKeys keys, VerifyProgress progress) {
    this.manifest = manifest;
    this.folder = folder;
    this.keys = keys;
    this.progress = progress;
  }

  /** What is wrong, file by file; empty when nothing is. */
  List<String> run() throws IOException {
    progress.read(0, manifest.bytes());
    checkManifest();
    openCipher();
    // Tables first: blocks are named by them.
    Set<Integer> here = here();
    LayerRange[] ranges = manifest.ranges();
    for (int i = 0; i < ranges.length; i++) {
      if (here == null || here.contains(i)) {
        checkRange(ranges[i]);
      }
    }
    for (FileEntry entry : manifest.files()) {
      if (manifest.isTail(entry)) {
        checkFile(entry, FileReading::passRest);
        checkSections(entry);
      } else if (entry.name().startsWith(VectorFolder.FOLDER + "/")) {
        if (checkFile(entry, FileReading::passRest)) {
          checkDecryption(entry);
        }
      }
    }
    return faults.toList();
  }

  /** Null: all ranges of layers. */
  private @Nullable Set<Integer> here() throws IOException {
    try {
      return RangesNote.read(manifest, folder);
    } catch (DataLossException e) {
      addFaultOf(e);
      return null;
    }
  }

  private void openCipher() {
    try {
      if (Ciphers.hasKey(keys, manifest.encryption(), manifest.origin())) {
        cipher = Ciphers.open(keys, manifest.encryption(), manifest.origin(), manifest.id());
      }
    } catch (DataLossException e) {
      faults.add(new Fault(Manifest.FILE, "the key that it names does not open it"));
    }
  }

  /** Whether what is in the files can be read: they are not encrypted, or the key is there. */
  private boolean readable() {
    return manifest.encryption() == null || cipher != null;
  }

  private void checkDecryption(FileEntry entry) throws IOException {
    if (cipher != null) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment unused = plain(entry, VectorFolder.PLACE, arena);
      }
    }
  }

  /** Null, and a fault, when it can not be decrypted. */
  private @Nullable MemorySegment plain(FileEntry entry, String prefix, Arena arena)
      throws IOException {
    Path file = folder.resolve(entry.name());
    try {
      if (cipher != null) {
        return EncryptedFiles.read(file, cipher, prefix, arena);
      }
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
        return channel.map(MapMode.READ_ONLY, 0, entry.bytes(), arena);
      }
    } catch (AEADBadTagException e) {
      faults.add(new Fault(entry.name(), "it can not be decrypted"));
      return null;
    }
  }

  private void checkManifest() throws IOException {
    try {
      if (!Arrays.equals(Files.readAllBytes(folder.resolve(Manifest.FILE)), manifest.toJson())) {
        faults.add(
            new Fault(Manifest.FILE, "it is not the one that was there when the service started"));
      }
    } catch (NoSuchFileException e) {
      faults.add(Fault.missing(Manifest.FILE));
    } catch (IOException e) {
      faults.add(Fault.unreadable(Manifest.FILE, e));
    }
  }

  private void checkRange(LayerRange range) throws IOException {
    FileEntry tableFile = manifest.file(range.spanTable());
    boolean sound = checkFile(tableFile, FileReading::passRest);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment table = sound && readable() ? plain(tableFile, "", arena) : null;
      checkFile(
          manifest.file(range.blockFile()),
          file -> {
            if (table == null) {
              file.passRest();
            } else {
              new BlockWalk(range, manifest.parts(), spans(table, range), cipher)
                  .check(file, faults::add);
            }
          });
    }
  }

  private static BlockWalk.Spans spans(MemorySegment table, LayerRange range) {
    return new BlockWalk.Spans() {
      @Override
      public int count(int layer) {
        return SpanTable.spans(table, range, layer);
      }

      @Override
      public SpanRecord record(int layer, int span) {
        return SpanRecord.read(
            table, SpanTable.offset(table, range, layer) + (long) span * SpanRecord.BYTES);
      }
    };
  }

  private interface Reading {
    void read(FileReading file) throws IOException;
  }

  /** Whether the file is as it was sealed. */
  private boolean checkFile(FileEntry entry, Reading reading) {
    Fault fault = fault(entry, reading);
    if (fault != null) {
      faults.add(fault);
    }
    return fault == null;
  }

  private @Nullable Fault fault(FileEntry entry, Reading reading) {
    try (FileReading file =
        FileReading.digested(
            folder.resolve(entry.name()),
            bytes -> {
              readBytes += bytes;
              progress.read(readBytes, manifest.bytes());
            })) {
      reading.read(file);
      if (file.size() != entry.bytes()) {
        return Fault.size(entry.name(), file.size(), entry.bytes());
      }
      return file.digest().equals(entry.sha256()) && file.checksum() == entry.checksum()
          ? null
          : new Fault(entry.name(), "its checksum does not match");
    } catch (NoSuchFileException e) {
      return Fault.missing(entry.name());
    } catch (EOFException e) {
      return new Fault(entry.name(), "it became shorter while it was read");
    } catch (IOException e) {
      return Fault.unreadable(entry.name(), e);
    }
  }

  /** The pages were read just now. */
  private void checkSections(FileEntry entry) {
    try (Arena arena = Arena.ofConfined()) {
      if (!readable() || Files.size(folder.resolve(entry.name())) != entry.bytes()) {
        return;
      }
      MemorySegment tail = plain(entry, "", arena);
      if (tail == null) {
        return;
      }
      for (TailFile.Section section : TailFile.sections(tail, entry.name(), manifest.id())) {
        try {
          TailFile.read(tail, section, entry.name(), manifest.id());
        } catch (DataLossException e) {
          addFaultOf(e);
        }
      }
    } catch (DataLossException e) {
      addFaultOf(e);
    } catch (IOException e) {
      faults.add(Fault.unreadable(entry.name(), e));
    }
  }

  private void addFaultOf(DataLossException problem) {
    Fault fault = problem.fault();
    if (fault != null) {
      faults.add(fault);
    }
  }
}
