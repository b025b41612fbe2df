package io.ltri.index.store;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What was deleted: a file of one JSON object per line, appended to and forced to the disk. A line
 * that a crash has cut off is passed over. The file is kept below {@value #MOST_BYTES} bytes: then
 * its older half goes.
 */
final class DeletionLog {

  static final String FILE = ".deleted.jsonl";
  static final String UNFINISHED = FILE + ".new";
  static final int MOST_BYTES = 2 << 20;

  private static final Logger LOG = LoggerFactory.getLogger(DeletionLog.class);
  private static final Gson JSON = new GsonBuilder().disableHtmlEscaping().create();

  private final FileLayer files;
  private final Path documents;
  private final Path file;
  private final Path unfinished;
  private final ReentrantLock turn = new ReentrantLock();

  /** Those that could not be written yet. */
  private final List<DeletedDocument> pending = new ArrayList<>();

  DeletionLog(FileLayer files, Path documents) {
    this.files = files;
    this.documents = documents;
    this.file = documents.resolve(FILE);
    this.unfinished = documents.resolve(UNFINISHED);
  }

  /** Writes it down; when that fails, it is tried again with the next. */
  void add(DeletedDocument deleted) {
    turn.lock();
    try {
      pending.add(deleted);
      flush();
    } finally {
      turn.unlock();
    }
  }

  /** Writes down those that could not be before. */
  void flush() {
    turn.lock();
    try {
      if (pending.isEmpty()) {
        return;
      }
      StringBuilder lines = new StringBuilder();
      for (DeletedDocument deleted : pending) {
        lines.append(toJson(deleted)).append('\n');
      }
      append(lines.toString().getBytes(StandardCharsets.UTF_8));
      pending.clear();
    } catch (IOException e) {
      LOG.warn(
          "{} deletions could not be recorded in {} and will be later: {}",
          pending.size(),
          file,
          e.toString());
    } finally {
      turn.unlock();
    }
  }

  private void append(byte[] lines) throws IOException {
    long size = Files.exists(file) ? Files.size(file) : 0;
    if (size + lines.length > MOST_BYTES) {
      dropOlderHalf();
      size = Files.size(file);
    }
    boolean begun = size > 0;
    boolean cutOff = begun && lastByte(size) != '\n';
    ByteBuffer bytes = ByteBuffer.allocate(lines.length + 1);
    if (cutOff) {
      bytes.put((byte) '\n');
    }
    bytes.put(lines).flip();
    try (FileLayer.WritableFile out =
        Files.exists(file) ? files.reopen(file) : files.create(file)) {
      out.write(bytes, size);
      out.force();
    }
    if (!begun) {
      files.forceFolder(documents);
    }
  }

  private byte lastByte(long size) throws IOException {
    try (var channel = Files.newByteChannel(file)) {
      ByteBuffer last = ByteBuffer.allocate(1);
      channel.position(size - 1).read(last);
      return last.get(0);
    }
  }

  private void dropOlderHalf() throws IOException {
    List<String> lines = Files.readString(file).lines().toList();
    if (Files.exists(unfinished)) {
      files.delete(unfinished);
    }
    try (SequentialFile out = new SequentialFile(files, unfinished)) {
      for (String line : lines.subList(lines.size() / 2, lines.size())) {
        out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
      }
      out.force();
    }
    files.move(unfinished, file);
    files.forceFolder(documents);
  }

  /**
   * Newest first.
   *
   * @param most 0: all that are kept
   */
  List<DeletedDocument> newest(int most) {
    turn.lock();
    try {
      List<DeletedDocument> all = new ArrayList<>();
      if (Files.exists(file)) {
        for (String line :
            new String(Files.readAllBytes(file), StandardCharsets.UTF_8).lines().toList()) {
          DeletedDocument deleted = fromJson(line);
          if (deleted != null) {
            all.add(deleted);
          }
        }
      }
      all.addAll(pending);
      List<DeletedDocument> newest = all.reversed();
      return List.copyOf(most > 0 && most < newest.size() ? newest.subList(0, most) : newest);
    } catch (IOException e) {
      throw new StorageFailureException("the records of deletions can not be read: " + e, e);
    } finally {
      turn.unlock();
    }
  }

  private static String toJson(DeletedDocument deleted) {
    JsonObject line = new JsonObject();
    line.addProperty("id", deleted.id());
    line.addProperty("tenant", deleted.tenant());
    line.addProperty("deleted_at_millis", deleted.deletedAtMillis());
    line.addProperty("freed_bytes", deleted.freedBytes());
    line.addProperty("reason", deleted.reason().name().toLowerCase(Locale.ROOT));
    return JSON.toJson(line);
  }

  private static @Nullable DeletedDocument fromJson(String line) {
    try {
      JsonObject deleted = JsonParser.parseString(line).getAsJsonObject();
      return new DeletedDocument(
          deleted.get("id").getAsString(),
          deleted.get("tenant").getAsString(),
          deleted.get("deleted_at_millis").getAsLong(),
          deleted.get("freed_bytes").getAsLong(),
          DeletionReason.valueOf(deleted.get("reason").getAsString().toUpperCase(Locale.ROOT)));
    } catch (RuntimeException e) {
      // The parser answers what is missing, or of another type, with exceptions of many kinds.
      return null;
    }
  }
}
