package io.ltri.index.blob;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Bytes of a file from an offset on, so many and no more; it can be read again from its mark. */
final class FilePart extends InputStream {

  private final FileChannel channel;
  private final long end;
  private long at;
  private long mark;

  FilePart(Path file, long from, long bytes) throws IOException {
    channel = FileChannel.open(file, StandardOpenOption.READ);
    at = from;
    mark = from;
    end = from + bytes;
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
    if (at >= end) {
      return -1;
    }
    int wanted = (int) Math.min(length, end - at);
    int bytes = channel.read(ByteBuffer.wrap(into, offset, wanted), at);
    if (bytes > 0) {
      at += bytes;
    }
    return bytes;
  }

  @Override
  public boolean markSupported() {
    return true;
  }

  @Override
  public synchronized void mark(int limit) {
    mark = at;
  }

  @Override
  public synchronized void reset() {
    at = mark;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
