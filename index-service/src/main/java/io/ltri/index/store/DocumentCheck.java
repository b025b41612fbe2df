package io.ltri.index.store;

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
import org.jspecify.annotations.Nullable;

/**
 * Reads every file of a sealed document and compares it with the manifest, and every block and
 * section with its own checksum, so that what is bad can be named.
 */
final class DocumentCheck {

  private final Manifest manifest;
  private final Path folder;
  private final VerifyProgress progress;
  private final FaultList faults = new FaultList();
  private long readBytes;

  DocumentCheck(Manifest manifest, Path folder, VerifyProgress progress) {
    this.manifest = manifest;
    this.folder = folder;
    this.progress = progress;
  }

  /** What is wrong, file by file; empty when nothing is. */
  List<String> run() throws IOException {
    progress.read(0, manifest.bytes());
    checkManifest();
    // Tables first: blocks are named by them.
    for (LayerRange range : manifest.ranges()) {
      checkRange(range);
    }
    for (FileEntry entry : manifest.files()) {
      if (entry.name().equals(TailFile.FILE)) {
        checkFile(entry, FileReading::passRest);
        checkSections(entry);
      } else if (entry.name().startsWith(VectorFolder.FOLDER + "/")) {
        checkFile(entry, FileReading::passRest);
      }
    }
    return faults.toList();
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
    MemorySegment table =
        sound
            ? MemorySegment.ofArray(Files.readAllBytes(folder.resolve(tableFile.name())))
            : MemorySegment.NULL;
    checkFile(
        manifest.file(range.blockFile()),
        file -> {
          if (sound) {
            new BlockWalk(range, manifest.layout(), spans(table, range)).check(file, faults::add);
          } else {
            file.passRest();
          }
        });
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
    try (Arena arena = Arena.ofConfined();
        FileChannel channel =
            FileChannel.open(folder.resolve(entry.name()), StandardOpenOption.READ)) {
      if (channel.size() != entry.bytes()) {
        return;
      }
      MemorySegment tail = channel.map(MapMode.READ_ONLY, 0, entry.bytes(), arena);
      for (TailFile.Section section : TailFile.sections(tail, manifest.id())) {
        try {
          TailFile.read(tail, section, manifest.id());
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
