package io.ltri.inference.tensor;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writes the archive that {@code torch.jit.load} reads, from program text: a zip of uncompressed
 * entries with the text of one class {@code M} and a pickle of one instance of it whose attributes
 * are empty lists.
 */
final class ScriptArchive {

  // Opcodes of pickle protocol 2.
  private static final int PROTO = 0x80;
  private static final int EMPTY_TUPLE = ')';
  private static final int NEW_OBJECT = 0x81;
  private static final int EMPTY_DICT = '}';
  private static final int EMPTY_LIST = ']';
  private static final int MARK = '(';
  private static final int FALSE = 0x89;
  private static final int SET_ITEMS = 'u';
  private static final int BUILD = 'b';
  private static final int STOP = '.';
  private static final int UNICODE = 'X';

  private ScriptArchive() {}

  static byte[] write(String programText, List<String> listAttributes) {
    ByteArrayOutputStream archive = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(archive)) {
      zip.setMethod(ZipOutputStream.STORED);
      put(zip, "m/data.pkl", instance(listAttributes));
      put(zip, "m/byteorder", "little".getBytes(StandardCharsets.UTF_8));
      put(zip, "m/code/__torch__.py", programText.getBytes(StandardCharsets.UTF_8));
      put(zip, "m/constants.pkl", new byte[] {(byte) PROTO, 2, EMPTY_TUPLE, STOP});
      put(zip, "m/version", "10\n".getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return archive.toByteArray();
  }

  private static byte[] instance(List<String> listAttributes) {
    ByteArrayOutputStream pickle = new ByteArrayOutputStream();
    pickle.write(PROTO);
    pickle.write(2);
    pickle.writeBytes("c__torch__\nM\n".getBytes(StandardCharsets.UTF_8));
    pickle.write(EMPTY_TUPLE);
    pickle.write(NEW_OBJECT);
    pickle.write(EMPTY_DICT);
    pickle.write(MARK);
    string(pickle, "training");
    pickle.write(FALSE);
    for (String attribute : listAttributes) {
      string(pickle, attribute);
      pickle.write(EMPTY_LIST);
    }
    pickle.write(SET_ITEMS);
    pickle.write(BUILD);
    pickle.write(STOP);
    return pickle.toByteArray();
  }

  private static void string(ByteArrayOutputStream pickle, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    pickle.write(UNICODE);
    pickle.write(bytes.length);
    pickle.writeBytes(new byte[3]);
    pickle.writeBytes(bytes);
  }

  private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
    ZipEntry entry = new ZipEntry(name);
    entry.setSize(content.length);
    entry.setCompressedSize(content.length);
    CRC32 crc = new CRC32();
    crc.update(content);
    entry.setCrc(crc.getValue());
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }
}
