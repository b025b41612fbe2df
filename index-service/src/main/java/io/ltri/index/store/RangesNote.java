package io.ltri.index.store;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * {@code ranges.json} beside the manifest: the document is split over the nodes of a cluster by
 * ranges of layers, and the block files and span tables of these ranges lie here. Without it all
 * do. It is written after files have come, and before files go; others that lie here do not count.
 */
final class RangesNote {

  static final String FILE = "ranges.json";
  private static final String UNFINISHED = FILE + ".new.json";

  private RangesNote() {}

  /**
   * In order; null when the document is not split.
   *
   * @throws DataLossException when it can not be read
   */
  static @Nullable SortedSet<Integer> read(Manifest manifest, Path folder) throws IOException {
    String text;
    try {
      text = Files.readString(folder.resolve(FILE));
    } catch (NoSuchFileException e) {
      return null;
    }
    try {
      SortedSet<Integer> ranges = new TreeSet<>();
      JsonObject note = JsonParser.parseString(text).getAsJsonObject();
      for (JsonElement range : note.getAsJsonArray("ranges")) {
        ranges.add(range.getAsInt());
      }
      if (ranges.isEmpty()
          || ranges.getFirst() < 0
          || ranges.getLast() >= manifest.ranges().length) {
        throw unreadable(manifest);
      }
      return Collections.unmodifiableSortedSet(ranges);
    } catch (JsonParseException
        | IllegalStateException
        | NumberFormatException
        | NullPointerException
        | UnsupportedOperationException e) {
      throw unreadable(manifest);
    }
  }

  private static DataLossException unreadable(Manifest manifest) {
    return new Fault(FILE, "it does not say which ranges of layers lie here")
        .exception(manifest.id());
  }

  /** Durable when it returns. */
  static void write(FileLayer files, Path folder, Set<Integer> ranges) throws IOException {
    Path unfinished = folder.resolve(UNFINISHED);
    if (Files.exists(unfinished)) {
      files.delete(unfinished);
    }
    try (SequentialFile out = new SequentialFile(files, unfinished)) {
      String json = "{\"ranges\":%s}\n".formatted(new TreeSet<>(ranges));
      out.write(json.getBytes(StandardCharsets.UTF_8));
      out.force();
    }
    files.move(unfinished, folder.resolve(FILE));
    files.forceFolder(folder);
  }
}
