package io.ltri.inference.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDManager;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.IntConsumer;

/** Rows of a batch in Java, each computed as if it were alone. */
final class HostRows implements StepRows {

  private final Decoder decoder;
  private final HostLayers layers;
  private final PtNDManager manager;
  private final HostLayers.Room room;
  private final int rows;

  HostRows(Decoder decoder, HostLayers layers, int[] tokens) {
    this.decoder = decoder;
    this.layers = layers;
    this.rows = tokens.length;
    manager = (PtNDManager) decoder.deviceManager().newSubManager();
    room = decoder.borrowRoom();
    decoder.useThreads();
    int width = decoder.shape().hidden();
    try (NDArray ids = manager.create(tokens);
        NDArray embedded = decoder.program().compute(manager, "embed", ids)) {
      MemorySegment memory = MemorySegment.ofBuffer(embedded.toByteBuffer(true));
      for (int row = 0; row < rows; row++) {
        MemorySegment.copy(
            memory, ValueLayout.JAVA_FLOAT, 4L * row * width, room.hidden[row], 0, width);
      }
    }
  }

  @Override
  public void project(int layer) {
    StepPart part = StepPart.start();
    room.project(layer, rows);
    part.end("linear: queries, keys, values", layer);
  }

  @Override
  public void store(int row, TokenRow into, KvArena arena, int position) {
    into.store(room.projected[row], arena, position);
  }

  @Override
  public MemorySegment queriesOf(int layer, RotationTable table, int position) {
    StepPart part = StepPart.start();
    MemorySegment queries = room.queriesOf(layer, rows, table, position);
    part.end("linear: queries of the next layer", layer);
    return queries;
  }

  @Override
  public NDArray projected() {
    throw new IllegalStateException("rows in Java have no tensor of queries, keys and values");
  }

  @Override
  public NDArray heads() {
    return room.heads.tensor();
  }

  @Override
  public boolean attend(int row, OneQuery query) {
    StepPart rotating = StepPart.start();
    HostEntries entries = query.arena().entries(query.from(), query.length(), query.table());
    rotating.end("rotating keys", query.layer());
    if (entries == null) {
      return false;
    }
    StepPart attending = StepPart.start();
    boolean finite = room.attend(row, entries, query);
    attending.end("attention", query.layer());
    if (!finite) {
      query.arena().exceedHalves();
    }
    return finite;
  }

  @Override
  public void each(int count, IntConsumer task) {
    layers.each(count, task);
  }

  @Override
  public void feed(int layer) {
    StepPart part = StepPart.start();
    room.feed(layer, rows);
    part.end("linear: attention output, MLP", layer);
  }

  @Override
  public NDArray hidden(int row) {
    return manager.create(room.hidden[row], new Shape(1, room.hidden[row].length));
  }

  @Override
  public float[][] logits(int wanted) {
    StepPart part = StepPart.start();
    float[][] logits = room.logits(wanted);
    part.end("linear: logits", -1);
    return logits;
  }

  @Override
  public void dropProjected() {}

  @Override
  public void close() {
    layers.giveBack(room);
    manager.close();
  }
}
