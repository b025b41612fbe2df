package io.ltri.index.store;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is known to be wrong with a sealed document: {@code faults.json} beside its manifest, so
 * that it is known after a restart too. It is a note and no part of the document: one that can not
 * be read or written is done without.
 *
 * <p>Any thread may call.
 */
final class DamageMarks {

  static final String FILE = "faults.json";

  private static final Logger LOG = LoggerFactory.getLogger(DamageMarks.class);
  private static final Gson GSON =
      new GsonBuilder().disableHtmlEscaping().setPrettyPrinting().create();

  private final FileLayer files;
  private final Path folder;
  private final String document;
  private FaultList faults;

  DamageMarks(FileLayer files, Path folder, String document) {
    this.files = files;
    this.folder = folder;
    this.document = document;
    this.faults = new FaultList(read());
  }

  private List<String> read() {
    try {
      String json = Files.readString(folder.resolve(FILE));
      String[] list = GSON.fromJson(json, String[].class);
      return list == null ? List.of() : List.of(list);
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException | JsonParseException | NullPointerException e) {
      LOG.warn("document {}: {} can not be read, verify the document: {}", document, FILE, e);
      return List.of();
    }
  }

  /** A fault that a reader came upon. */
  synchronized void add(Fault fault) {
    if (faults.add(fault.toString())) {
      LOG.error("document {} is damaged: {}", document, fault);
      write();
    }
  }

  /** What a verification found; empty: the document is sound. */
  synchronized void replace(List<String> found) {
    if (!faults.toList().equals(found)) {
      faults = new FaultList(found);
      write();
    }
  }

  synchronized List<String> list() {
    return faults.toList();
  }

  private void write() {
    Path file = folder.resolve(FILE);
    Path unfinished = folder.resolve(FILE + ".new");
    try {
      Files.deleteIfExists(unfinished);
      if (faults.isEmpty()) {
        if (Files.exists(file)) {
          files.delete(file);
        }
      } else {
        try (SequentialFile out = new SequentialFile(files, unfinished)) {
          out.write(GSON.toJson(faults.toList()).getBytes(StandardCharsets.UTF_8));
          out.force();
        }
        files.move(unfinished, file);
      }
      files.forceFolder(folder);
    } catch (IOException e) {
      LOG.warn("document {}: {} can not be written: {}", document, FILE, e.toString());
    }
  }
}
