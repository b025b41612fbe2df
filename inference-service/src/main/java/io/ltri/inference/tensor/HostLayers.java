package io.ltri.inference.tensor;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The layers of a decode step in Java, with weights as the model's file stores them. Read only; any
 * number of threads.
 */
final class HostLayers {

  private static final Logger LOG = LoggerFactory.getLogger(HostLayers.class);

  /** Entries that a step attends to, more than the default settings make. */
  private static final int USUAL_ENTRIES = 2048;

  /** Bytes of the heap that are left to everything else. */
  private static final long REST = 128 << 20;

  private final DecoderShape shape;
  private final List<Layer> layers;
  private final float[] finalNorm;
  private final GroupedLinear output;
  private final Crew crew;
  private final Queue<Room> rooms = new ConcurrentLinkedQueue<>();

  /** Norms [hidden], head norms [headDim], biases [outputs]. */
  private record Layer(
      float[] inputNorm,
      float[] feedNorm,
      float @Nullable [] queryNorm,
      float @Nullable [] keyNorm,
      GroupedLinear qkv,
      float @Nullable [] qkvBias,
      GroupedLinear attentionOutput,
      float @Nullable [] attentionOutputBias,
      GroupedLinear gateUp,
      GroupedLinear down) {

    /** Of the linear layers. */
    long bytes() {
      return qkv.bytes() + attentionOutput.bytes() + gateUp.bytes() + down.bytes();
    }
  }

  private HostLayers(
      DecoderShape shape, List<Layer> layers, float[] finalNorm, GroupedLinear output, Crew crew) {
    this.crew = crew;
    this.shape = shape;
    this.layers = layers;
    this.finalNorm = finalNorm;
    this.output = output;
  }

  /** Whether this processor multiplies and adds in one instruction, as the loops want it. */
  static boolean runsOn(CpuFeatures cpu) {
    return cpu.has("fma") || System.getProperty("os.arch", "").equals("aarch64");
  }

  /**
   * @param threads that compute together
   * @param heapLeft bytes that weights, and what a full batch attends to, may take of the heap
   * @return null if some linear layer is not stored in codes with scales, or if they may take more
   */
  static @Nullable HostLayers load(
      DecoderShape shape, WeightSource weights, int threads, long heapLeft) {
    Loader loader = new Loader(weights);
    List<Layer> layers = new ArrayList<>();
    for (int l = 0; l < shape.layers(); l++) {
      WeightNames names = new WeightNames(shape, l);
      GroupedLinear qkv = loader.linear(names.qkv());
      GroupedLinear attentionOutput = loader.linear(names.attentionOutput());
      GroupedLinear gateUp = loader.linear(names.gateUp());
      GroupedLinear down = loader.linear(names.down());
      if (qkv == null || attentionOutput == null || gateUp == null || down == null) {
        return null;
      }
      layers.add(
          new Layer(
              loader.vector(names.inputNorm()),
              loader.vector(names.feedNorm()),
              shape.queryKeyNorm() ? loader.vector(names.queryNorm()) : null,
              shape.queryKeyNorm() ? loader.vector(names.keyNorm()) : null,
              qkv,
              shape.attentionBias() ? loader.vector(names.qkvBias()) : null,
              attentionOutput,
              shape.outputBias() ? loader.vector(names.attentionOutputBias()) : null,
              gateUp,
              down));
      if (l == 0) {
        long wanted = heapWanted(shape, layers.getFirst());
        if (wanted > heapLeft) {
          LOG.warn(
              "decode steps use packed weights, which is slower: weights as stored would take about {} MiB of the heap with what steps attend to, and {} are left; allow more with LTRI_INFERENCE_JAVA_OPTS=-Xmx{}m",
              wanted >> 20,
              heapLeft >> 20,
              (Runtime.getRuntime().maxMemory() + wanted - heapLeft >> 20) + 1);
          return null;
        }
      }
    }
    GroupedLinear output = loader.linear(WeightNames.output(shape));
    return output == null
        ? null
        : new HostLayers(
            shape, layers, loader.vector(WeightNames.finalNorm(shape)), output, new Crew(threads));
  }

  /** About what all layers will take, by the first; with the file's codes of one matrix. */
  private static long heapWanted(DecoderShape shape, Layer first) {
    long output = (long) shape.vocabulary() * shape.hidden();
    long attended =
        HostEntries.bytes(shape.kvHeads(), shape.headDim(), USUAL_ENTRIES)
            * shape.layers()
            * DecodeRows.MOST;
    // The output layer has 8 bits or fewer and scales; while it is packed, its codes are there
    // twice.
    return first.bytes() * shape.layers() + 4 * output + attended + REST;
  }

  private record Loader(WeightSource weights) {

    @Nullable GroupedLinear linear(List<WeightNames.Part> parts) {
      List<GroupedWeight> grouped = new ArrayList<>();
      for (WeightNames.Part part : parts) {
        GroupedWeight weight = weights.has(part.name()) ? weights.grouped(part.name()) : null;
        if (weight == null) {
          return null;
        }
        grouped.add(weight);
      }
      return GroupedLinear.of(grouped);
    }

    float[] vector(List<WeightNames.Part> parts) {
      int length = parts.stream().mapToInt(WeightNames.Part::rows).sum();
      float[] vector = new float[length];
      int at = 0;
      try (Arena arena = Arena.ofShared()) {
        for (WeightNames.Part part : parts) {
          MemorySegment memory = arena.allocate(4L * part.rows(), 64);
          weights.read(part.name(), memory);
          MemorySegment.copy(memory, ValueLayout.JAVA_FLOAT, 0, vector, at, part.rows());
          at += part.rows();
        }
      }
      return vector;
    }
  }

  /** What a batch computes in; made once and lent to one batch after another. */
  final class Room {
    private final GroupedLinear.Workspace space = new GroupedLinear.Workspace(crew);

    /** Residual stream. */
    final float[][] hidden;

    /** Queries, keys and values. */
    final float[][] projected;

    /** What the heads give; for the tensor library to fill, float32 [rows, queryHeads, headDim]. */
    final HostTensor heads;

    /** Rotated queries of a layer to come, float32 [rows, queryHeads, headDim]. */
    private final HostTensor queries;

    private final HostAttention[] attentions;
    private final float[][] attended;
    private final float[] turned;
    private final float[][] wide;
    private final float[][] narrow;

    private Room(int rows, NDManager manager) {
      int queryWidth = shape.queryHeads() * shape.headDim();
      hidden = new float[rows][shape.hidden()];
      projected = new float[rows][queryWidth + 2 * shape.kvHeads() * shape.headDim()];
      heads = HostTensor.of(manager, new Shape(rows, shape.queryHeads(), shape.headDim()));
      queries = HostTensor.of(manager, new Shape(rows, shape.queryHeads(), shape.headDim()));
      attentions = new HostAttention[rows];
      Arrays.setAll(attentions, row -> new HostAttention(shape));
      attended = new float[rows][queryWidth];
      turned = new float[queryWidth];
      narrow = new float[rows][Math.max(queryWidth, shape.hidden())];
      wide = new float[rows][Math.max(projected[0].length, 2 * shape.intermediate())];
    }

    /** Queries, keys and values of the layer, from the residual stream. */
    void project(int layer, int rows) {
      project(layer, rows, projected);
    }

    /** As {@link StepRows#queriesOf}. */
    MemorySegment queriesOf(int layer, int rows, RotationTable table, int position) {
      project(layer, rows, wide);
      for (int row = 0; row < rows; row++) {
        for (int at = 0; at < turned.length; at += shape.headDim()) {
          table.rotate(wide[row], turned, at, position);
        }
        MemorySegment.copy(
            turned,
            0,
            queries.memory(),
            ValueLayout.JAVA_FLOAT,
            4L * row * turned.length,
            turned.length);
      }
      return queries.memory();
    }

    private void project(int layer, int rows, float[][] to) {
      Layer weights = layers.get(layer);
      for (int row = 0; row < rows; row++) {
        norm(hidden[row], 0, shape.hidden(), weights.inputNorm(), narrow[row]);
      }
      weights.qkv().apply(narrow, to, rows, space);
      for (int row = 0; row < rows; row++) {
        add(to[row], weights.qkvBias());
        normHeads(to[row], weights);
      }
    }

    private void normHeads(float[] row, Layer weights) {
      float[] queryNorm = weights.queryNorm();
      float[] keyNorm = weights.keyNorm();
      if (queryNorm == null || keyNorm == null) {
        return;
      }
      int dim = shape.headDim();
      for (int head = 0; head < shape.queryHeads() + shape.kvHeads(); head++) {
        float[] weight = head < shape.queryHeads() ? queryNorm : keyNorm;
        norm(row, head * dim, dim, weight, narrow[0]);
        System.arraycopy(narrow[0], 0, row, head * dim, dim);
      }
    }

    /**
     * As {@link StepRows#attend}.
     *
     * @return as {@link HostAttention#attend}
     */
    boolean attend(int row, HostEntries entries, OneQuery query) {
      float[] to = attended[row];
      boolean finite = attentions[row].attend(entries, query, to, crew);
      MemorySegment.copy(
          to, 0, heads.memory(), ValueLayout.JAVA_FLOAT, 4L * row * to.length, to.length);
      return finite;
    }

    /** Output projection, MLP and what they add to the residual stream. */
    void feed(int layer, int rows) {
      Layer weights = layers.get(layer);
      int width = shape.queryHeads() * shape.headDim();
      for (int row = 0; row < rows; row++) {
        MemorySegment.copy(
            heads.memory(), ValueLayout.JAVA_FLOAT, 4L * row * width, wide[row], 0, width);
      }
      weights.attentionOutput().apply(wide, narrow, rows, space);
      for (int row = 0; row < rows; row++) {
        add(narrow[row], weights.attentionOutputBias());
        add(hidden[row], narrow[row]);
        norm(hidden[row], 0, shape.hidden(), weights.feedNorm(), narrow[row]);
      }
      weights.gateUp().apply(narrow, wide, rows, space);
      for (int row = 0; row < rows; row++) {
        gate(wide[row], shape.intermediate());
      }
      weights.down().apply(wide, narrow, rows, space);
      for (int row = 0; row < rows; row++) {
        add(hidden[row], narrow[row]);
      }
    }

    float[][] logits(int rows) {
      for (int row = 0; row < rows; row++) {
        norm(hidden[row], 0, shape.hidden(), finalNorm, narrow[row]);
      }
      float[][] logits = new float[rows][shape.vocabulary()];
      output.apply(narrow, logits, rows, space);
      return logits;
    }

    /** Adds the first elements of what is given; nothing where it is null. */
    private static void add(float[] to, float @Nullable [] values) {
      if (values != null) {
        int n = Math.min(to.length, values.length);
        for (int i = 0; i < n; i++) {
          to[i] += values[i];
        }
      }
    }

    /** Puts silu of the first n times the second n into the first. */
    private static void gate(float[] values, int n) {
      for (int i = 0; i < n; i++) {
        float gate = values[i];
        values[i] = (float) (gate / (1 + Math.exp(-gate))) * values[n + i];
      }
    }

    private void norm(float[] x, int from, int n, float[] weight, float[] to) {
      double squares = 0;
      for (int i = from; i < from + n; i++) {
        squares += (double) x[i] * x[i];
      }
      float factor = (float) (1 / Math.sqrt(squares / n + shape.normEpsilon()));
      for (int i = 0; i < n; i++) {
        to[i] = x[from + i] * factor * weight[i];
      }
    }
  }

  /** As {@link StepRows#each}. */
  void each(int count, IntConsumer task) {
    crew.run(count, (unit, worker) -> task.accept(unit));
  }

  /** Of all linear layers. */
  long bytes() {
    return output.bytes() + layers.stream().mapToLong(Layer::bytes).sum();
  }

  /** To be given back. */
  Room borrow(NDManager manager) {
    Room room = rooms.poll();
    return room == null ? new Room(DecodeRows.MOST, manager) : room;
  }

  void giveBack(Room room) {
    rooms.add(room);
  }

  /** Ends its threads and frees what was lent and given back. */
  void close() {
    crew.close();
    for (Room room : rooms) {
      room.heads.close();
      room.queries.close();
    }
  }
}
