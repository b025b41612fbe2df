package io.ltri.inference.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDManager;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One forward pass of n tokens. Per layer, in order: {@link #project}, optionally {@link
 * #lookupQueries}, then {@link #attend}. Any thread, one at a time. As a row of a {@link StepBatch}
 * it is used in the same way, but the batch has projected before and feeds afterwards.
 */
public final class Step implements AutoCloseable {

  /**
   * Query rows are processed in blocks of at most this many: with 512 queries over 1,400 entries,
   * blocks of 64 or 128 take half the time of one block of all, because the scores stay in cache.
   */
  private static final int MAX_BLOCK_ROWS = 128;

  /** Scores per block, so that temporaries do not grow with the length: 16 MiB. */
  private static final long MAX_BLOCK_SCORES = 4L << 20;

  /**
   * Keys that are rotated in Java: as many as a decode step changes. The five operations of the
   * library for each run of them cost more to call than to compute.
   */
  private static final int MOST_ROTATED_HERE = 512;

  private final Decoder decoder;

  /** With which it shares the linear layers, as row {@link #row}; null for a step of its own. */
  private final @Nullable StepBatch batch;

  /** Whether the batch was made for this step alone, and is driven and closed with it. */
  private final boolean ownsBatch;

  private final int row;
  private final int tokens;
  private final int[] ids;
  private final PtNDManager manager;
  private final NDManager hostManager;

  /** Residual stream, float32 [n, hidden]; layers add to it in place. Null if in a batch. */
  private final @Nullable NDArray hidden;

  /** Minus infinity above the diagonal, float32 [rows, rows]. */
  private final NDArray mask;

  private final NDArray noBand;

  /** Lent by the decoder to a step of one token, while it is open; null where none is used. */
  private final @Nullable TokenRow single;

  private @Nullable NDArray queries;
  private @Nullable HostTensor lookup;
  private @Nullable HostTensor ahead;
  private @Nullable HostTensor band;
  private @Nullable HostTensor received;
  private @Nullable HostTensor mass;

  /** What attention has left for {@link #feed}, [n, queryHeads, headDim]. */
  private @Nullable NDArray heads;

  private int headsLayer;
  private int layer = -1;
  private boolean closed;

  Step(Decoder decoder, int[] tokens) {
    this.decoder = decoder;
    this.batch = null;
    this.ownsBatch = false;
    this.row = 0;
    this.tokens = tokens.length;
    this.ids = tokens.clone();
    manager = (PtNDManager) decoder.deviceManager().newSubManager();
    hostManager = decoder.hostManager().newSubManager();
    decoder.useThreads();
    NDArray embedded;
    try (NDArray ids = manager.create(tokens)) {
      embedded = decoder.program().compute(manager, "embed", ids);
    }
    hidden = embedded;
    noBand = manager.create(0f);
    single = this.tokens == 1 && decoder.rowsOnHost() ? decoder.borrowRow() : null;
    mask =
        tokens.length == 1
            ? noBand
            : decoder
                .program()
                .compute(
                    manager,
                    "mask",
                    new long[] {Math.min(tokens.length, MAX_BLOCK_ROWS)},
                    embedded);
  }

  /** One row of a batch. */
  Step(Decoder decoder, StepBatch batch, int row, int token) {
    this(decoder, batch, false, row, token);
  }

  private Step(Decoder decoder, StepBatch batch, boolean ownsBatch, int row, int token) {
    this.decoder = decoder;
    this.batch = batch;
    this.ownsBatch = ownsBatch;
    this.row = row;
    this.tokens = 1;
    this.ids = new int[] {token};
    manager = (PtNDManager) decoder.deviceManager().newSubManager();
    hostManager = decoder.hostManager().newSubManager();
    hidden = null;
    noBand = manager.create(0f);
    single = this.tokens == 1 && decoder.rowsOnHost() ? decoder.borrowRow() : null;
    mask = noBand;
  }

  /** A decode step of one sequence, in as many rows as every decode step of this decoder has. */
  static Step alone(Decoder decoder, int token) {
    StepBatch batch = new StepBatch(decoder, new int[] {token});
    return new Step(decoder, batch, true, 0, token);
  }

  public int tokens() {
    return tokens;
  }

  /** Of the model. */
  public int layers() {
    return decoder.shape().layers();
  }

  /** The tokens, [n]. */
  public int[] ids() {
    return ids.clone();
  }

  /**
   * Computes the layer's queries, keys and values; writes keys and values, rounded to the arena's
   * storage type, at [position, position + n).
   */
  public void project(int layer, KvArena arena, int position) {
    decoder.requireLayer(layer);
    if (position < 0 || position + tokens > arena.capacity()) {
      throw new IllegalArgumentException(
          "%d tokens at position %d do not fit the arena of %d: call ensureCapacity before"
              .formatted(tokens, position, arena.capacity()));
    }
    dropQueries();
    arena.changed(position, tokens);
    this.layer = layer;
    if (single != null) {
      projectOne(single, layer, arena, position);
      return;
    }
    long bfloat16 = arena.storage() == StorageType.BF16 ? 1 : 0;
    StepBatch together = batch;
    if (together == null) {
      decoder.useThreads();
      queries =
          decoder
              .program()
              .compute(
                  manager,
                  "project",
                  new long[] {layer, position, bfloat16},
                  hidden(),
                  arena.keyTensor(),
                  arena.valueTensor());
    } else {
      if (ownsBatch) {
        together.project(layer);
      }
      decoder.useThreads();
      queries =
          decoder
              .program()
              .compute(
                  manager,
                  "storeRow",
                  new long[] {layer, position, bfloat16, row},
                  together.projected(layer),
                  arena.keyTensor(),
                  arena.valueTensor());
    }
  }

  private void projectOne(TokenRow one, int layer, KvArena arena, int position) {
    StepBatch together = batch;
    if (together == null) {
      decoder.useThreads();
      try (NDArray projected =
          decoder.program().compute(manager, "projectRows", new long[] {layer}, hidden())) {
        one.store(memory(projected), arena, position);
      }
    } else {
      if (ownsBatch) {
        together.project(layer);
      }
      together.store(layer, row, one, arena, position);
    }
    queries = one.queries().tensor();
  }

  /** The tensor's own memory, which is gone when it closes. */
  private static MemorySegment memory(NDArray tensor) {
    return MemorySegment.ofBuffer(tensor.toByteBuffer(true));
  }

  /**
   * Queries of the last tokens for a look-up against unrotated keys, which so stand at position 0:
   * all rotated to one position, not scaled.
   *
   * @param last how many tokens, from the end; all if there are fewer
   * @param distance position to which the queries are rotated
   * @return float32 [queryHeads, min(last, n), headDim], row-major; valid until the next call of
   *     this method or until the step closes
   */
  public MemorySegment lookupQueries(int last, int distance) {
    if (last < 1 || distance < 0) {
      throw new IllegalArgumentException(
          "look-up of the last %d queries at distance %d: use 1 or more and 0 or more"
              .formatted(last, distance));
    }
    NDArray q = projected();
    if (single != null) {
      return single.lookup(decoder.rotations(distance + 1), distance);
    }
    int count = Math.min(last, tokens);
    Shape shape = new Shape(decoder.shape().queryHeads(), count, decoder.shape().headDim());
    HostTensor out = reuse(lookup, shape);
    lookup = out;
    RotationTable table = decoder.rotations(distance + 1);
    decoder.useThreads();
    decoder
        .program()
        .run("lookup", new long[] {count, distance}, q, table.cos(), table.sin(), out.tensor());
    return out.memory();
  }

  /**
   * For a step of one token: what {@link #lookupQueries} of the next layer would give if this layer
   * added nothing to the residual stream, which it changes little (InfiniGen, arXiv 2406.19707).
   * The layer must be projected and not attended to yet.
   *
   * @param distance position to which the queries are rotated
   * @return float32 [queryHeads, 1, headDim], row-major; valid until the next call of this method
   *     or until the step closes
   */
  public MemorySegment lookupQueriesOfNextLayer(int distance) {
    var unused = projected();
    if (tokens != 1 || layer + 1 >= layers()) {
      throw new IllegalStateException(
          "no queries ahead after layer %d of %d in a step of %d tokens: ask in a step of one token, before the last layer"
              .formatted(layer, layers(), tokens));
    }
    RotationTable table = decoder.rotations(distance + 1);
    StepBatch together = batch;
    if (together != null) {
      return together.queriesOf(layer + 1, row, table, distance);
    }
    HostTensor out =
        reuse(ahead, new Shape(1, decoder.shape().queryHeads(), decoder.shape().headDim()));
    ahead = out;
    decoder.useThreads();
    decoder
        .program()
        .run(
            "queriesOf",
            new long[] {layer + 1, distance},
            hidden(),
            table.cos(),
            table.sin(),
            out.tensor());
    return out.memory();
  }

  /**
   * How much the step's last queries attend to some unrotated keys, at one constant distance, if
   * they attend to nothing else: per query head and query a softmax over all of them, the maximum
   * over the queries, the sum over the heads.
   *
   * @param arena of the layer projected last; any arena of the decoder's shape
   * @param first arena index of the first key
   * @param count how many keys
   * @param last how many queries, from the end; all if there are fewer
   * @param distance from every key to every query
   * @return float32 [count]; valid until the next call of this method or until the step closes
   */
  public MemorySegment attentionMass(KvArena arena, int first, int count, int last, int distance) {
    if (first < 0 || count < 1 || first + count > arena.capacity() || last < 1 || distance < 0) {
      throw new IllegalArgumentException(
          "mass of entries [%d, %d + %d) of an arena of %d by the last %d queries at distance %d: use entries of the arena, 1 or more queries and a distance of 0 or more"
              .formatted(first, first, count, arena.capacity(), last, distance));
    }
    NDArray q = projected();
    HostTensor out = reuse(mass, new Shape(count));
    mass = out;
    RotationTable table = decoder.rotations(distance + 1);
    decoder.useThreads();
    decoder
        .program()
        .run(
            "mass",
            new long[] {Math.min(last, tokens), distance, first, count},
            q,
            arena.keyTensor(),
            table.cos(),
            table.sin(),
            out.tensor());
    return out.memory();
  }

  /** {@link #attend(int, KvArena, int, int, Places, int, int)} with the entries in order. */
  public @Nullable MemorySegment attend(
      int layer, KvArena arena, int from, int length, int bandWidth, int bandFrom) {
    return attend(layer, arena, from, length, Places.IN_ORDER, bandWidth, bandFrom);
  }

  /**
   * Attention of the step's queries over arena[from, from + length), whose last n entries are the
   * step's own tokens: these are causal among themselves, everything before is visible to all. Keys
   * are rotated here, to where the entries stand (in slots: those that have changed), queries to
   * where the step's own tokens stand; with everything so far in place and in order this is
   * standard attention. Output projection, residual and MLP follow at the latest when their result
   * is asked for; see {@link #feed}.
   *
   * @param layer the one projected last
   * @param places where the entries stand
   * @param bandWidth 0 for no band
   * @param bandFrom arena index below which the band is 0
   * @return float32 [n, bandWidth], row-major: at [i, o] the mean over query heads of the
   *     probability, of the whole row, that query i gives the entry o places before its own; valid
   *     until the next call of this method or until the step closes. Null without a band.
   */
  public @Nullable MemorySegment attend(
      int layer, KvArena arena, int from, int length, Places places, int bandWidth, int bandFrom) {
    if (single != null && places == Places.IN_SLOTS) {
      return attendOne(single, layer, arena, from, length, bandWidth, bandFrom);
    }
    HostTensor out = null;
    if (bandWidth > 0) {
      out = reuse(band, new Shape(tokens, bandWidth));
      band = out;
    }
    run(
        layer,
        arena,
        from,
        length,
        places,
        bandWidth,
        (long) bandFrom - from,
        out,
        -1,
        false,
        null);
    return out == null ? null : out.memory();
  }

  /**
   * The same, and what entries have received.
   *
   * @param receivedFrom arena index of the first entry of which it is wanted, in [from, from +
   *     length)
   * @return float32 [queryHeads, from + length - receivedFrom], row-major: per query head and entry
   *     the sum of the probabilities, of the whole row, that the step's queries give it; queries to
   *     which it is distant (see {@link Places.Distant}) are left out. Valid until the next call of
   *     this method or until the step closes.
   */
  public MemorySegment attendForReceived(
      int layer, KvArena arena, int from, int length, Places places, int receivedFrom) {
    HostTensor out = receivedFrom(receivedFrom, from, length);
    boolean nearOnly = places instanceof Places.Distant;
    run(layer, arena, from, length, places, 0, 0, null, receivedFrom - from, nearOnly, out);
    return out.memory();
  }

  /**
   * What an attention gives out beside its result.
   *
   * @param band as {@link #attend(int, KvArena, int, int, Places, int, int)} gives it
   * @param received float32 [queryHeads, entries], row-major: per query head and entry the sum of
   *     the probabilities, of the whole row, that the step's queries give it, wherever it stands;
   *     valid as long as the band
   */
  public record Shown(@Nullable MemorySegment band, MemorySegment received) {}

  /**
   * {@link #attend(int, KvArena, int, int, Places, int, int)}, and what entries have received.
   *
   * @param receivedFrom arena index of the first entry of which it is wanted, in [from, from +
   *     length)
   */
  public Shown attendAndShow(
      int layer,
      KvArena arena,
      int from,
      int length,
      Places places,
      int bandWidth,
      int bandFrom,
      int receivedFrom) {
    HostTensor sums = receivedFrom(receivedFrom, from, length);
    HostTensor rows = null;
    if (bandWidth > 0) {
      rows = reuse(band, new Shape(tokens, bandWidth));
      band = rows;
    }
    long bandColumn = (long) bandFrom - from;
    int column = receivedFrom - from;
    run(layer, arena, from, length, places, bandWidth, bandColumn, rows, column, false, sums);
    return new Shown(rows == null ? null : rows.memory(), sums.memory());
  }

  private HostTensor receivedFrom(int receivedFrom, int from, int length) {
    if (receivedFrom < from || receivedFrom >= from + length) {
      throw new IllegalArgumentException(
          "attention received from entry %d on is not in [%d, %d + %d)"
              .formatted(receivedFrom, from, from, length));
    }
    HostTensor out =
        reuse(received, new Shape(decoder.shape().queryHeads(), from + length - receivedFrom));
    received = out;
    return out;
  }

  private void requireAttends(int layer, KvArena arena, int from, int length) {
    if (layer != this.layer) {
      throw new IllegalStateException(
          "attend for layer %d after project for layer %d: project it first"
              .formatted(layer, this.layer));
    }
    if (from < 0 || length < tokens || from + length > arena.capacity()) {
      throw new IllegalArgumentException(
          "entries [%d, %d + %d) must lie in the arena of %d and hold the step's %d tokens"
              .formatted(from, from, length, arena.capacity(), tokens));
    }
  }

  /** A single query over entries in slots: few operations, and the rest in Java. */
  private @Nullable MemorySegment attendOne(
      TokenRow one, int layer, KvArena arena, int from, int length, int bandWidth, int bandFrom) {
    requireAttends(layer, arena, from, length);
    var unused = projected();
    RotationTable table = decoder.rotations(from + length);
    // None where the text does not reach behind the sink.
    int seen = Math.clamp(from + length - Math.max(bandFrom, from), 0, bandWidth);
    StepBatch together = batch;
    float[] mean = one.emptyBand(bandWidth);
    float[] turned = one.scale(table, from + length - 1);
    if (together != null
        && together.attend(
            row, new OneQuery(layer, arena, from, length, table, turned, seen, mean))) {
      attended();
      return bandWidth == 0 ? null : one.band(mean);
    }
    decoder.useThreads();
    StepPart rotating = StepPart.start();
    bringUpToDate(arena, from, length, table);
    rotating.end("rotating keys", layer);
    attend(
        together == null ? "attendOne" : "attendOneRow",
        new long[] {layer, from, length, seen, row},
        together == null ? hidden() : together.heads(),
        one.scaled().tensor(),
        arena.rotatedTensor(),
        arena.valueTensor(),
        bandWidth == 0 ? noBand : one.probabilities(bandWidth).tensor());
    attended();
    return bandWidth == 0 ? null : one.band(bandWidth, seen);
  }

  /** Rotates the keys that have changed since they were rotated last. */
  private void bringUpToDate(KvArena arena, int from, int length, RotationTable table) {
    NDArray rotated = arena.rotatedTensor();
    int[] stale = arena.takeStale(from, length);
    if (decoder.onHost() && count(stale) <= MOST_ROTATED_HERE) {
      for (int run = 0; run < stale.length; run += 2) {
        arena.rotate(stale[run], stale[run + 1], table);
      }
    } else if (stale.length > 0) {
      decoder
          .program()
          .run(
              "rotateKept",
              Arrays.stream(stale).asLongStream().toArray(),
              arena.keyTensor(),
              rotated,
              table.cos(),
              table.sin());
    }
  }

  /** Entries in runs of first and count. */
  private static int count(int[] runs) {
    int count = 0;
    for (int run = 0; run < runs.length; run += 2) {
      count += runs[run + 1];
    }
    return count;
  }

  private void run(
      int layer,
      KvArena arena,
      int from,
      int length,
      Places places,
      int bandWidth,
      long bandColumn,
      @Nullable HostTensor bandOut,
      int receivedColumn,
      boolean nearOnly,
      @Nullable HostTensor receivedOut) {
    requireAttends(layer, arena, from, length);
    NDArray q = projected();
    long scoresPerRow = (long) decoder.shape().queryHeads() * length;
    long rows = Math.clamp(MAX_BLOCK_SCORES / scoresPerRow, 1, Math.min(tokens, MAX_BLOCK_ROWS));
    int scheme = LayerProgram.IN_ORDER;
    int distant = 0;
    int distance = 0;
    int positions = length;
    NDArray placed = noBand;
    NDArray rotated = noBand;
    switch (places) {
      case Places.InOrder inOrder -> {}
      case Places.InSlots inSlots -> {
        scheme = LayerProgram.IN_SLOTS;
        positions = from + length;
        if (decoder.onHost()) {
          decoder.useThreads();
          bringUpToDate(arena, from, length, decoder.rotations(positions));
          rotated = arena.rotatedTensor();
        }
      }
      case Places.At(int[] at) -> {
        if (at.length != length) {
          throw new IllegalArgumentException(
              "%d positions for %d entries".formatted(at.length, length));
        }
        scheme = LayerProgram.PLACED;
        positions = Arrays.stream(at).max().orElse(0) + 1;
        placed = manager.create(at);
      }
      case Places.Distant(int entries, int constant) -> {
        if (entries > length - tokens) {
          throw new IllegalArgumentException(
              "%d distant entries, but only %d before the step's own"
                  .formatted(entries, length - tokens));
        }
        scheme = LayerProgram.DISTANT;
        distant = entries;
        distance = constant;
        positions = Math.max(length, distance + 1);
      }
    }
    RotationTable table = decoder.rotations(positions);
    decoder.useThreads();
    long[] numbers = {
      layer,
      from,
      length,
      rows,
      bandWidth,
      bandColumn,
      scheme,
      distant,
      distance,
      receivedColumn,
      nearOnly ? 1 : 0,
      row
    };
    StepBatch together = batch;
    List<NDArray> inputs =
        List.of(
            q,
            arena.keyTensor(),
            arena.valueTensor(),
            rotated,
            table.cos(),
            table.sin(),
            placed,
            mask,
            bandOut == null ? noBand : bandOut.tensor(),
            receivedOut == null ? noBand : receivedOut.tensor());
    if (together == null) {
      heads =
          decoder.program().compute(manager, "attention", numbers, inputs.toArray(NDArray[]::new));
      headsLayer = layer;
    } else {
      NDArray[] ofRow =
          Stream.concat(Stream.of(together.heads()), inputs.stream()).toArray(NDArray[]::new);
      attend("attendRow", numbers, ofRow);
    }
    if (placed != noBand) {
      placed.close();
    }
    attended();
  }

  /**
   * Output projection, residual and MLP of the layer attended to last, for all tokens, unless that
   * is done: half of the layer's work or more. Whatever needs the result does it; this is for
   * callers that do something else in between.
   */
  public void feed() {
    NDArray attended = heads;
    NDArray own = hidden;
    if (attended == null || own == null) {
      return;
    }
    heads = null;
    decoder.useThreads();
    decoder.program().run("feedRows", new long[] {headsLayer}, own, attended);
    attended.close();
  }

  /** After the attention of a layer. */
  private void attended() {
    if (batch != null && ownsBatch) {
      batch.feed(layer);
    }
    dropQueries();
    layer = -1;
  }

  private void attend(String method, long[] numbers, NDArray... tensors) {
    StepBatch together = batch;
    if (together == null) {
      decoder.program().run(method, numbers, tensors);
    } else {
      together.inTurn(() -> decoder.program().run(method, numbers, tensors));
    }
  }

  /** Logits of the last token, [vocabulary]. */
  public float[] logits() {
    return logits(1);
  }

  /** Logits of all tokens, [n, vocabulary], row-major. */
  public float[] allLogits() {
    return logits(tokens);
  }

  /**
   * How probable the model finds the tokens that follow, without forming all logits at once: rows
   * go through the vocabulary in blocks of at most 16 MiB of logits.
   *
   * @param next the token that follows the i-th of this step, for the first tokens of the step or
   *     for all of them
   * @return ln p(next[i] | the text up to the i-th token of the step), [next.length]
   */
  public float[] logProbabilities(int[] next) {
    if (next.length > tokens) {
      throw new IllegalArgumentException(
          "%d next tokens for a step of %d: give at most one for each"
              .formatted(next.length, tokens));
    }
    for (int token : next) {
      if (token < 0 || token >= decoder.shape().vocabulary()) {
        throw new IllegalArgumentException(
            "token %d is outside the vocabulary of %d"
                .formatted(token, decoder.shape().vocabulary()));
      }
    }
    if (next.length == 0) {
      return new float[0];
    }
    long rows = Math.clamp(MAX_BLOCK_SCORES / decoder.shape().vocabulary(), 1, next.length);
    decoder.useThreads();
    HostTensor out = HostTensor.of(hostManager, new Shape(next.length));
    try (NDArray wanted = manager.create(Arrays.stream(next).asLongStream().toArray())) {
      decoder
          .program()
          .run("logProbabilities", new long[] {next.length, rows}, hidden(), wanted, out.tensor());
      return out.memory().toArray(ValueLayout.JAVA_FLOAT);
    } finally {
      out.close();
    }
  }

  private float[] logits(int count) {
    StepBatch together = batch;
    if (together != null) {
      return together.logits(row);
    }
    decoder.useThreads();
    if (single != null) {
      decoder.program().run("logits", new long[] {1}, hidden(), single.logits().tensor());
      return single.logits().memory().toArray(ValueLayout.JAVA_FLOAT);
    }
    HostTensor out = HostTensor.of(hostManager, new Shape(count, decoder.shape().vocabulary()));
    try {
      decoder.program().run("logits", new long[] {count}, hidden(), out.tensor());
      return out.memory().toArray(ValueLayout.JAVA_FLOAT);
    } finally {
      out.close();
    }
  }

  private NDArray hidden() {
    feed();
    NDArray own = hidden;
    return own == null ? Objects.requireNonNull(batch).hidden(row) : own;
  }

  private NDArray projected() {
    NDArray q = queries;
    if (q == null) {
      throw new IllegalStateException("no layer is projected: call project first");
    }
    return q;
  }

  private HostTensor reuse(@Nullable HostTensor result, Shape shape) {
    if (result != null) {
      if (result.tensor().getShape().equals(shape)) {
        return result;
      }
      result.close();
    }
    return HostTensor.of(hostManager, shape);
  }

  private void dropQueries() {
    if (queries != null) {
      if (single == null) {
        queries.close();
      }
      queries = null;
    }
  }

  /** Gives back what it holds; of a batch, that is left to the batch. */
  @Override
  public void close() {
    if (ownsBatch && batch != null) {
      batch.close();
    }
    if (batch == null || ownsBatch) {
      release();
    }
  }

  void release() {
    if (closed) {
      return;
    }
    closed = true;
    if (lookup != null) {
      lookup.close();
    }
    if (ahead != null) {
      ahead.close();
    }
    if (band != null) {
      band.close();
    }
    if (received != null) {
      received.close();
    }
    if (mass != null) {
      mass.close();
    }
    if (single != null) {
      decoder.giveBack(single);
    }
    manager.close();
    hostManager.close();
  }
}
