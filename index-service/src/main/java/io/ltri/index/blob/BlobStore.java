package io.ltri.index.blob;

import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Bytes under keys, as the package says. Any thread. Every method may throw {@link BlobException}.
 */
public interface BlobStore extends AutoCloseable {

  /** For people: where it is, without secrets. */
  String place();

  /**
   * Puts the bytes of a file, instead of what may be there.
   *
   * @param sha256 of the file, in hexadecimal digits
   * @throws BlobException DAMAGED when it has another: then nothing was put
   */
  void put(String key, Path file, String sha256);

  /**
   * Puts bytes where nothing is: of several who do that, one wins.
   *
   * @return false when something was there; after a lost answer also when these bytes were put, so
   *     whoever cares reads them
   */
  boolean putIfAbsent(String key, byte[] bytes);

  /** What lies under a key, for small ones; null: nothing. */
  @Nullable Blob read(String key);

  /**
   * Puts other bytes, if those are still there that were read.
   *
   * @param version as it was read
   * @return false when it has another by now, or is gone; after a lost answer also when it was
   *     replaced
   */
  boolean replace(String key, byte[] bytes, String version);

  /**
   * The bytes from an offset on; reading may fail in the middle.
   *
   * @param from less than their number, or 0
   */
  InputStream open(String key, long from);

  /**
   * All keys below a folder.
   *
   * @param folder ends with a slash
   */
  List<ListedBlob> list(String folder);

  /** Removes what lies under a key, if anything does. */
  void delete(String key);

  @Override
  void close();
}
