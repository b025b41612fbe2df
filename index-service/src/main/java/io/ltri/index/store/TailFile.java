package io.ltri.index.store;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The tail: named sections, opaque to the index, one after the other from the beginning of the
 * file, and at its end
 *
 * <pre>
 * table:  per section: int length of name, name in UTF-8, long offset, long bytes, int CRC-32C
 * footer: long offset of table, int sections, int CRC-32C of the table, long magic
 * </pre>
 */
final class TailFile {

  static final String FILE = "tail";

  /** "LTRITAIL", as it reads in the file. */
  private static final long MAGIC = 0x4c494154_4952544cL;

  private static final int FOOTER_BYTES = 24;
  private static final int LONGEST_NAME = 1024;

  /** Where a section lies. */
  record Section(String name, long offset, long bytes, int checksum) {}

  private TailFile() {}

  /** Takes the sections as they come. One thread at a time. */
  static final class Writer implements AutoCloseable {

    private final String name;
    private final SequentialFile out;
    private final Map<String, Section> sections = new LinkedHashMap<>();
    private final CRC32C checksum = new CRC32C();
    private @Nullable String current;
    private long begin;

    Writer(FileLayer files, Path folder) throws IOException {
      this(files, folder, FILE);
    }

    Writer(FileLayer files, Path folder, String name) throws IOException {
      this.name = name;
      this.out = new SequentialFile(files, folder.resolve(name));
    }

    /** Continues the section, or begins it. */
    void write(String section, ByteBuffer data) throws IOException {
      if (!section.equals(current)) {
        endSection();
        if (section.isEmpty() || section.getBytes(StandardCharsets.UTF_8).length > LONGEST_NAME) {
          throw new InvalidInputException(
              "the name of a tail section must have 1 to %d bytes".formatted(LONGEST_NAME));
        }
        if (sections.containsKey(section)) {
          throw new InvalidInputException(
              "tail section %s was sent twice, with another one in between".formatted(section));
        }
        current = section;
        begin = out.position();
        checksum.reset();
      }
      checksum.update(data.duplicate());
      out.put(data);
    }

    private void endSection() {
      if (current != null) {
        sections.put(
            current,
            new Section(current, begin, out.position() - begin, (int) checksum.getValue()));
        current = null;
      }
    }

    /** Forces the file to the disk; returns its name. */
    String finish() throws IOException {
      endSection();
      long table = out.position();
      CRC32C tableChecksum = new CRC32C();
      for (Section section : sections.values()) {
        byte[] label = section.name.getBytes(StandardCharsets.UTF_8);
        ByteBuffer entry =
            ByteBuffer.allocate(4 + label.length + 20).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        entry.putInt(label.length).put(label).putLong(section.offset).putLong(section.bytes);
        entry.putInt(section.checksum).flip();
        tableChecksum.update(entry.duplicate());
        out.put(entry);
      }
      out.room(FOOTER_BYTES)
          .putLong(table)
          .putInt(sections.size())
          .putInt((int) tableChecksum.getValue())
          .putLong(MAGIC);
      out.force();
      return name;
    }

    @Override
    public void close() throws IOException {
      out.close();
    }
  }

  /**
   * The table of a tail file.
   *
   * @param file its name, for messages
   * @throws DataLossException when it is damaged
   */
  static List<Section> sections(MemorySegment tail, String file, String document) {
    long footer = tail.byteSize() - FOOTER_BYTES;
    if (footer < 0 || tail.get(Bytes.LONG, footer + 16) != MAGIC) {
      throw damaged(file, document, "its end is damaged");
    }
    long table = tail.get(Bytes.LONG, footer);
    int count = tail.get(Bytes.INT, footer + 8);
    if (table < 0 || table > footer || count < 0) {
      throw damaged(file, document, "its end is damaged");
    }
    if (Checksums.of(tail.asSlice(table, footer - table)) != tail.get(Bytes.INT, footer + 12)) {
      throw damaged(file, document, "the checksum of its table does not match");
    }
    List<Section> sections = new ArrayList<>();
    long at = table;
    long end = 0;
    for (int i = 0; i < count; i++) {
      int length = footer - at < 24 ? -1 : tail.get(Bytes.INT, at);
      if (length < 1 || length > LONGEST_NAME || at + 24 + length > footer) {
        throw damaged(file, document, "its table makes no sense");
      }
      byte[] name = tail.asSlice(at + 4, length).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
      at += 4 + length;
      Section section =
          new Section(
              new String(name, StandardCharsets.UTF_8),
              tail.get(Bytes.LONG, at),
              tail.get(Bytes.LONG, at + 8),
              tail.get(Bytes.INT, at + 16));
      at += 20;
      if (section.offset != end || section.bytes < 0 || section.bytes > table - end) {
        throw damaged(file, document, "its table makes no sense");
      }
      end += section.bytes;
      sections.add(section);
    }
    if (at != footer || end != table) {
      throw damaged(file, document, "its table makes no sense");
    }
    return sections;
  }

  /** The bytes of a section, verified. */
  static MemorySegment read(MemorySegment tail, Section section, String file, String document) {
    MemorySegment bytes = tail.asSlice(section.offset, section.bytes);
    if (Checksums.of(bytes) != section.checksum) {
      throw damaged(file, document, "the checksum of section " + section.name + " does not match");
    }
    return bytes;
  }

  private static DataLossException damaged(String file, String document, String how) {
    return new Fault(file, how).exception(document);
  }
}
