package io.ltri.inference.tensor;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.JniUtils;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * A decoder-only model, loaded and ready for forward passes. Passes of different steps may run in
 * different threads at once; weights are read only.
 */
public final class Decoder implements AutoCloseable {

  private static final int FIRST_TABLE_POSITIONS = 2048;

  private final DecoderShape shape;
  private final DecoderSettings settings;
  private final ScriptModule program;
  private final PtNDManager deviceManager;
  private final NDManager hostManager;

  /** With which decode steps are computed; null: with the program. */
  private final @Nullable HostLayers layers;

  private final LongAdder residentBytes = new LongAdder();
  private final Object growth = new Object();
  private final NDManager rowManager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
  private final Queue<TokenRow> rows = new ConcurrentLinkedQueue<>();
  private volatile RotationTable rotations;
  private volatile DecodeRows decodeRows = DecodeRows.ALONE;

  private Decoder(
      DecoderShape shape,
      DecoderSettings settings,
      ScriptModule program,
      PtNDManager deviceManager,
      NDManager hostManager,
      @Nullable HostLayers layers) {
    this.layers = layers;
    this.shape = shape;
    this.settings = settings;
    this.program = program;
    this.deviceManager = deviceManager;
    this.hostManager = hostManager;
    this.rotations =
        RotationTable.of(shape.inverseFrequencies(), FIRST_TABLE_POSITIONS, deviceManager);
  }

  /**
   * Loads the tensor library, which takes a second: a program that knows that it will need it may
   * do this early, in another thread. Whatever goes wrong is said when a decoder is loaded.
   */
  public static void prepare() {
    try {
      NDManager.newBaseManager(Device.cpu(), "PyTorch").close();
    } catch (RuntimeException | LinkageError e) {
      // As said above.
    }
  }

  /**
   * Reads, fuses and packs all weights.
   *
   * @throws IllegalArgumentException if a weight is missing or its shape is not that of the
   *     decoder; the message names it
   */
  public static Decoder load(DecoderShape shape, WeightSource weights, DecoderSettings settings) {
    CpuFeatures cpu = CpuFeatures.ofThisMachine();
    return load(shape, weights, settings, LinearOperator.of(settings, cpu), cpu);
  }

  static Decoder load(
      DecoderShape shape,
      WeightSource weights,
      DecoderSettings settings,
      LinearOperator linear,
      CpuFeatures cpu) {
    Device device = device(settings.device());
    NDManager hostManager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    PtNDManager deviceManager = (PtNDManager) NDManager.newBaseManager(device, "PyTorch");
    JniUtils.setNumThreads(settings.threads());
    boolean bfloat16Attention =
        (settings.precision() == Precision.BF16 || settings.precision() == Precision.INT8)
            && (device.isGpu() || cpu.has("avx512_bf16") || cpu.has("amx_bf16"));
    ScriptModule program =
        new ScriptModule(
            LayerProgram.text(shape, linear, bfloat16Attention),
            LayerProgram.LIST_ATTRIBUTES,
            device);
    try {
      new WeightLoader(shape, weights, program, deviceManager).load();
      boolean inJava = settings.storedWeights() && !device.isGpu() && HostLayers.runsOn(cpu);
      HostLayers layers =
          inJava ? HostLayers.load(shape, weights, settings.stepThreads(), heapLeft()) : null;
      Decoder decoder = new Decoder(shape, settings, program, deviceManager, hostManager, layers);
      if (layers == null) {
        decoder.setDecodeRows(DecodeRows.of(decoder));
      }
      return decoder;
    } catch (RuntimeException e) {
      program.close();
      deviceManager.close();
      hostManager.close();
      throw e;
    }
  }

  private static long heapLeft() {
    Runtime runtime = Runtime.getRuntime();
    return runtime.maxMemory() - (runtime.totalMemory() - runtime.freeMemory());
  }

  private static Device device(String name) {
    if (name.equals("cpu")) {
      return Device.cpu();
    }
    int colon = name.indexOf(':');
    return Device.gpu(colon < 0 ? 0 : Integer.parseInt(name.substring(colon + 1)));
  }

  public DecoderShape shape() {
    return shape;
  }

  public DecoderSettings settings() {
    return settings;
  }

  /** Room for the keys and values of one layer; the caller closes it before the decoder. */
  public KvArena newArena(int capacityTokens, StorageType storage) {
    return new KvArena(hostManager, shape, capacityTokens, storage, residentBytes);
  }

  /** Of all arenas that are open now. */
  public long residentBytes() {
    return residentBytes.sum();
  }

  /** How many tensors are held: tables, arenas, and what a step has not given back. */
  public int heldTensors() {
    return hostManager.getManagedArrays().size() + deviceManager.getManagedArrays().size();
  }

  /**
   * Begins one forward pass: embeds the tokens. The caller then runs {@link Step#project} and
   * {@link Step#attend} for each layer in order.
   */
  public Step begin(int[] tokens) {
    requireTokens(tokens);
    return tokens.length == 1 && (layers != null || decodeRows.fixed() > 0)
        ? Step.alone(this, tokens[0])
        : new Step(this, tokens);
  }

  /**
   * Begins a forward pass of several sequences with one token each.
   *
   * @param tokens at most {@link #mostTogether()}
   */
  public StepBatch beginTogether(int[] tokens) {
    requireTokens(tokens);
    if (tokens.length > mostTogether()) {
      throw new IllegalArgumentException(
          "%d sequences in one pass, and at most %d can be: run the others after them"
              .formatted(tokens.length, mostTogether()));
    }
    return new StepBatch(this, tokens);
  }

  /** Whether decode steps use the weights as the model's file stores them. */
  public boolean stepsInJava() {
    return layers != null;
  }

  /** Bytes of the weights that a decode step reads, as it holds them. */
  public long stepWeightBytes() {
    if (layers != null) {
      return layers.bytes();
    }
    long numbers = 0;
    for (int l = 0; l < shape.layers(); l++) {
      WeightNames names = new WeightNames(shape, l);
      numbers += numbers(names.qkv(), shape.hidden());
      numbers += numbers(names.attentionOutput(), shape.queryHeads() * shape.headDim());
      numbers += numbers(names.gateUp(), shape.hidden());
      numbers += numbers(names.down(), shape.intermediate());
    }
    numbers += numbers(WeightNames.output(shape), shape.hidden());
    return settings.precision().weightBytes() * numbers;
  }

  private static long numbers(List<WeightNames.Part> parts, int inputs) {
    return parts.stream().mapToLong(part -> (long) part.rows() * inputs).sum();
  }

  StepRows newRows(int[] tokens) {
    return layers == null
        ? new ProgramRows(this, tokens, Math.max(tokens.length, decodeRows.fixed()))
        : new HostRows(this, layers, tokens);
  }

  /** To be given back to the layers. */
  HostLayers.Room borrowRoom() {
    return Objects.requireNonNull(layers).borrow(rowManager);
  }

  /** How many sequences can be in one pass, each with the result that it has alone. */
  public int mostTogether() {
    return layers == null ? decodeRows.most() : DecodeRows.MOST;
  }

  void setDecodeRows(DecodeRows rows) {
    decodeRows = rows;
  }

  void requireLayer(int layer) {
    if (layer < 0 || layer >= shape.layers()) {
      throw new IllegalArgumentException(
          "layer %d does not exist: the model has %d".formatted(layer, shape.layers()));
    }
  }

  private void requireTokens(int[] tokens) {
    if (tokens.length == 0) {
      throw new IllegalArgumentException("a step needs at least one token");
    }
    for (int token : tokens) {
      if (token < 0 || token >= shape.vocabulary()) {
        throw new IllegalArgumentException(
            "token %d is outside the vocabulary of %d".formatted(token, shape.vocabulary()));
      }
    }
  }

  /** Whether a single token's queries, keys and values pass through Java's memory. */
  boolean rowsOnHost() {
    return onHost() && (layers != null || !shape.queryKeyNorm());
  }

  /** To be given back. */
  TokenRow borrowRow() {
    TokenRow row = rows.poll();
    return row == null ? new TokenRow(shape, rowManager) : row;
  }

  void giveBack(TokenRow row) {
    rows.add(row);
  }

  /** Whether it computes where arenas are. */
  boolean onHost() {
    return settings.device().equals("cpu");
  }

  ScriptModule program() {
    return program;
  }

  PtNDManager deviceManager() {
    return deviceManager;
  }

  NDManager hostManager() {
    return hostManager;
  }

  /**
   * Positions 0 .. positions - 1 at least. Smaller tables stay: other steps may be reading them.
   */
  RotationTable rotations(int positions) {
    RotationTable table = rotations;
    if (table.positions() >= positions) {
      return table;
    }
    synchronized (growth) {
      if (rotations.positions() < positions) {
        int grown =
            (int) Math.min(Integer.MAX_VALUE, Math.max(positions, 2L * rotations.positions()));
        rotations = RotationTable.of(shape.inverseFrequencies(), grown, deviceManager);
      }
      return rotations;
    }
  }

  /** OpenMP keeps the thread count per calling thread, and any thread may run a step. */
  void useThreads() {
    JniUtils.setNumThreads(settings.threads());
  }

  @Override
  public void close() {
    program.close();
    rows.forEach(TokenRow::close);
    if (layers != null) {
      layers.close();
    }
    rowManager.close();
    deviceManager.close();
    hostManager.close();
  }
}
