package io.ltri.inference.engine;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Bytes on their way in, written to a file as they come; deleted when it is closed. */
public final class ReceivedFile implements AutoCloseable {
  private final Path file;
  private final OutputStream out;
  private final String what;

  /**
   * @param folder exists
   * @param what these bytes are, for messages
   */
  ReceivedFile(Path folder, String what) {
    this.what = what;
    try {
      this.file = Files.createTempFile(folder, ReceivedTexts.PREFIX, ReceivedTexts.SUFFIX);
      this.out = Files.newOutputStream(file);
    } catch (IOException e) {
      throw full(e);
    }
  }

  public void write(ByteString bytes) {
    try {
      bytes.writeTo(out);
    } catch (IOException e) {
      throw full(e);
    }
  }

  public void write(byte[] bytes, int size) {
    try {
      out.write(bytes, 0, size);
    } catch (IOException e) {
      throw full(e);
    }
  }

  /** No more comes. */
  public void end() {
    try {
      out.close();
    } catch (IOException e) {
      throw full(e);
    }
  }

  /** Reads what has come; no more comes. */
  InputStream read() throws IOException {
    end();
    return Files.newInputStream(file);
  }

  /** Where the bytes lie until this is closed. */
  public Path path() {
    return file;
  }

  @Override
  public void close() {
    try {
      out.close();
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private RequestException full(IOException e) {
    return new RequestException(
        RequestException.Reason.FULL, "the " + what + " could not be stored: " + e.getMessage(), e);
  }
}
