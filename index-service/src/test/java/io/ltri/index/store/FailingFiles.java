package io.ltri.index.store;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The real file system, until the operation of the test's choice. A write that fails has written
 * half of its bytes, as a full disk would have it.
 */
final class FailingFiles implements FileLayer {

  private final FileLayer real = FileLayer.system();
  private final List<String> operations = new ArrayList<>();
  private int failFrom = Integer.MAX_VALUE;
  private int failures;
  private String message = "";

  /** The next {@code count} operations after {@code operation} more have gone well fail. */
  void fail(int operation, int count, String reason) {
    failFrom = operations.size() + operation;
    failures = count;
    message = reason;
  }

  void heal() {
    failures = 0;
  }

  List<String> operations() {
    return operations;
  }

  private boolean fails(String operation) {
    operations.add(operation);
    if (operations.size() > failFrom && failures > 0) {
      failures--;
      return true;
    }
    return false;
  }

  private void step(String operation) throws IOException {
    if (fails(operation)) {
      throw new IOException(message);
    }
  }

  @Override
  public void createFolders(Path folder) throws IOException {
    step("createFolders " + folder.getFileName());
    real.createFolders(folder);
  }

  @Override
  public WritableFile create(Path file) throws IOException {
    step("create " + file.getFileName());
    return failing(file, real.create(file));
  }

  @Override
  public WritableFile reopen(Path file) throws IOException {
    step("reopen " + file.getFileName());
    return failing(file, real.reopen(file));
  }

  private WritableFile failing(Path file, WritableFile opened) {
    return new WritableFile() {
      @Override
      public void write(ByteBuffer bytes, long position) throws IOException {
        if (fails("write " + file.getFileName())) {
          opened.write(bytes.slice(bytes.position(), bytes.remaining() / 2), position);
          throw new IOException(message);
        }
        opened.write(bytes, position);
      }

      @Override
      public void resize(long size) throws IOException {
        step("resize " + file.getFileName());
        opened.resize(size);
      }

      @Override
      public void force() throws IOException {
        step("force " + file.getFileName());
      }

      @Override
      public MemorySegment map(long size, Arena arena) throws IOException {
        return opened.map(size, arena);
      }

      @Override
      public void close() throws IOException {
        opened.close();
      }
    };
  }

  @Override
  public void move(Path from, Path to) throws IOException {
    step("move " + from.getFileName());
    real.move(from, to);
  }

  @Override
  public void delete(Path path) throws IOException {
    step("delete " + path.getFileName());
    real.delete(path);
  }

  @Override
  public void forceFile(Path file) throws IOException {
    step("force " + file.getFileName());
  }

  @Override
  public void forceFolder(Path folder) throws IOException {
    step("force folder " + folder.getFileName());
  }
}
