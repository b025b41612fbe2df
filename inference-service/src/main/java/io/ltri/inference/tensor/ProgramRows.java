package io.ltri.inference.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDManager;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Rows of a batch in the tensor library. */
final class ProgramRows implements StepRows {

  private final Decoder decoder;
  private final PtNDManager manager;

  /** Residual stream, float32 [rows, hidden]; rows beyond the steps are padding. */
  private final NDArray hidden;

  private final NDArray heads;
  private final int rows;
  private @Nullable NDArray projected;
  private @Nullable HostTensor queries;

  /**
   * @param rows with padding
   */
  ProgramRows(Decoder decoder, int[] tokens, int rows) {
    this.decoder = decoder;
    this.rows = rows;
    manager = (PtNDManager) decoder.deviceManager().newSubManager();
    decoder.useThreads();
    try (NDArray ids = manager.create(Arrays.copyOf(tokens, rows))) {
      hidden = decoder.program().compute(manager, "embed", ids);
    }
    heads = decoder.program().compute(manager, "emptyHeads", hidden);
  }

  @Override
  public void project(int layer) {
    dropProjected();
    decoder.useThreads();
    projected = decoder.program().compute(manager, "projectRows", new long[] {layer}, hidden);
  }

  @Override
  public void store(int row, TokenRow into, KvArena arena, int position) {
    MemorySegment all = MemorySegment.ofBuffer(projected().toByteBuffer(true));
    long rowBytes = all.byteSize() / rows;
    into.store(all.asSlice(row * rowBytes, rowBytes), arena, position);
  }

  @Override
  public MemorySegment queriesOf(int layer, RotationTable table, int position) {
    HostTensor out = queries;
    if (out == null) {
      DecoderShape shape = decoder.shape();
      out = HostTensor.of(manager, new Shape(rows, shape.queryHeads(), shape.headDim()));
      queries = out;
    }
    decoder.useThreads();
    decoder
        .program()
        .run(
            "queriesOf",
            new long[] {layer, position},
            hidden,
            table.cos(),
            table.sin(),
            out.tensor());
    return out.memory();
  }

  @Override
  public NDArray projected() {
    return Objects.requireNonNull(projected);
  }

  @Override
  public NDArray heads() {
    return heads;
  }

  @Override
  public void feed(int layer) {
    decoder.useThreads();
    decoder.program().run("feedRows", new long[] {layer}, hidden, heads);
  }

  @Override
  public NDArray hidden(int row) {
    return decoder.program().compute(manager, "rows", new long[] {row, 1}, hidden);
  }

  @Override
  public float[][] logits(int wanted) {
    decoder.useThreads();
    int vocabulary = decoder.shape().vocabulary();
    float[][] all = new float[wanted][];
    try (Arena arena = Arena.ofShared();
        NDManager host = decoder.hostManager().newSubManager()) {
      MemorySegment memory = arena.allocate(4L * rows * vocabulary, 64);
      NDArray out =
          host.create(
              memory.asByteBuffer().order(ByteOrder.nativeOrder()),
              new Shape(rows, vocabulary),
              DataType.FLOAT32);
      decoder.program().run("logits", new long[] {rows}, hidden, out);
      for (int row = 0; row < wanted; row++) {
        all[row] =
            memory.asSlice(4L * row * vocabulary, 4L * vocabulary).toArray(ValueLayout.JAVA_FLOAT);
      }
    }
    return all;
  }

  @Override
  public void dropProjected() {
    if (projected != null) {
      projected.close();
      projected = null;
    }
  }

  @Override
  public void close() {
    if (queries != null) {
      queries.close();
    }
    manager.close();
  }
}
