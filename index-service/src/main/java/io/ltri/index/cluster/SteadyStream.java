package io.ltri.index.cluster;

import io.ltri.index.blob.BlobException;
import io.ltri.index.blob.BlobStore;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a blob, of which the number is known: where a connection is lost, or ends too early,
 * it goes on from there.
 */
final class SteadyStream extends InputStream {

  private static final int LOSSES = 5;

  private final BlobStore blobs;
  private final String key;
  private final long bytes;
  private long at;
  private int losses;
  private @Nullable InputStream open;

  SteadyStream(BlobStore blobs, String key, long bytes) {
    this.blobs = blobs;
    this.key = key;
    this.bytes = bytes;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    while (at < bytes) {
      try {
        InputStream in = open;
        if (in == null) {
          in = blobs.open(key, at);
          open = in;
        }
        int read = in.read(into, offset, (int) Math.min(length, bytes - at));
        if (read > 0) {
          at += read;
          return read;
        }
        lost(null);
      } catch (IOException e) {
        lost(e);
      } catch (BlobException e) {
        if (e.reason() != BlobException.Reason.UNAVAILABLE) {
          throw e;
        }
        lost(e);
      }
    }
    return -1;
  }

  private void lost(@Nullable Exception cause) throws IOException {
    close();
    losses++;
    if (losses > LOSSES) {
      throw new BlobException(
          BlobException.Reason.UNAVAILABLE,
          "%s of %s: the connection was lost %d times, at last at byte %d of %d"
              .formatted(key, blobs.place(), losses, at, bytes),
          cause == null ? new IOException("it ended too early") : cause);
    }
  }

  @Override
  public void close() throws IOException {
    InputStream in = open;
    open = null;
    if (in != null) {
      in.close();
    }
  }
}
