package io.ltri.inference.attention;

import io.ltri.inference.retrieval.SpanBlock;
import io.ltri.inference.tensor.Decoder;
import io.ltri.inference.tensor.DecoderShape;
import io.ltri.inference.tensor.KvArena;
import io.ltri.inference.tensor.Step;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * InfLLM (arXiv 2402.04617, thunlp/InfLLM), a baseline: per layer {@code [sink | retrieved blocks |
 * remainder and window | the step's own tokens]}, everything out of the window at one distance
 * ({@link PositionScheme#FIXED}).
 *
 * <p>What has left the window is cut into blocks of {@value #BLOCK_TOKENS} tokens. A block's vector
 * is, for each query head, the mean of the {@value #REPRESENTATIVES} keys that received the most
 * attention while they were in the window. A step takes the blocks whose vectors have the largest
 * inner products with the mean of its queries, summed over heads.
 */
final class InfLlmMemory implements SequenceMemory {
  static final int BLOCK_TOKENS = 128;
  static final int REPRESENTATIVES = 4;

  private final ReadingSettings settings;
  private final int kvHeads;
  private final int queryHeads;
  private final int headDim;
  private final int mostBlocks;
  private final ResidentSet[] layers;

  /** Per layer [queryHeads][local tokens]: attention received in the window so far. */
  private final float[][][] received;

  private final LocalSpans blocks;
  private final RetrievalFigures figures = new RetrievalFigures();
  private int length;

  /**
   * @param budgetTokens as many whole blocks as it holds are retrieved, one at least; 0: none
   * @param tail to continue from; empty at the start of a text
   */
  InfLlmMemory(
      Decoder decoder,
      int trainedLength,
      ReadingSettings settings,
      int budgetTokens,
      Map<String, MemorySegment> tail) {
    DecoderShape shape = decoder.shape();
    this.settings = settings;
    this.kvHeads = shape.kvHeads();
    this.queryHeads = shape.queryHeads();
    this.headDim = shape.headDim();
    this.mostBlocks = budgetTokens == 0 ? 0 : Math.max(1, budgetTokens / BLOCK_TOKENS);
    this.layers = new ResidentSet[shape.layers()];
    this.received = new float[shape.layers()][queryHeads][0];
    this.blocks =
        new LocalSpans(
            shape.layers(), kvHeads * headDim * settings.storage().bytes(), queryHeads * headDim);
    for (int l = 0; l < layers.length; l++) {
      layers[l] = ResidentSet.of(decoder, trainedLength, settings, mostBlocks * BLOCK_TOKENS);
    }
    if (tail.isEmpty()) {
      return;
    }
    try {
      for (int l = 0; l < layers.length; l++) {
        restore(tail, l);
        length = layers[l].end();
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  @Override
  public List<TokenRange> attended(int layer) {
    return layers[layer].attended();
  }

  @Override
  public int length() {
    return length;
  }

  @Override
  public void begin(Step step) {}

  @Override
  public void project(Step step, int layer) {
    ResidentSet resident = layers[layer];
    resident.reserve(step.tokens());
    step.project(layer, resident.arena(), resident.endIndex());
  }

  @Override
  public void attend(Step step, int layer) {
    ResidentSet resident = layers[layer];
    if (mostBlocks > 0 && blocks.count(layer) > 0) {
      figures.lookups++;
      resident.place(blocks.best(layer, meanQuery(step), mostBlocks));
    }
    MemorySegment sums = resident.attendForReceived(step, layer);
    resident.appended(step.tokens());
    if (sums != null) {
      addReceived(layer, sums);
    }
    while (resident.end() - resident.localStart() - settings.windowTokens() >= BLOCK_TOKENS) {
      closeBlock(layer);
    }
  }

  @Override
  public void end(Step step) {
    length += step.tokens();
  }

  /**
   * @return [queryHeads * headDim]: the mean of the step's queries, at the window's length from the
   *     unrotated keys
   */
  private float[] meanQuery(Step step) {
    int tokens = step.tokens();
    MemorySegment queries = step.lookupQueries(tokens, settings.windowTokens());
    float[] mean = new float[queryHeads * headDim];
    for (int h = 0; h < queryHeads; h++) {
      for (int i = 0; i < headDim; i++) {
        double sum = 0;
        for (int t = 0; t < tokens; t++) {
          sum += queries.getAtIndex(ValueLayout.JAVA_FLOAT, ((long) h * tokens + t) * headDim + i);
        }
        mean[h * headDim + i] = (float) (sum / tokens);
      }
    }
    return mean;
  }

  /**
   * @param sums [queryHeads, local tokens]
   */
  private void addReceived(int layer, MemorySegment sums) {
    ResidentSet resident = layers[layer];
    int local = resident.end() - resident.localStart();
    for (int h = 0; h < queryHeads; h++) {
      float[] before = received[layer][h];
      float[] after = new float[local];
      MemorySegment.copy(sums, ValueLayout.JAVA_FLOAT, 4L * h * local, after, 0, local);
      for (int i = 0; i < before.length; i++) {
        after[i] += before[i];
      }
      received[layer][h] = after;
    }
  }

  /** The oldest local tokens become a block. */
  private void closeBlock(int layer) {
    ResidentSet resident = layers[layer];
    int start = resident.localStart();
    int end = start + BLOCK_TOKENS;
    blocks.add(layer, resident.extract(start, end), vector(layer));
    resident.dropBefore(end);
    for (int h = 0; h < queryHeads; h++) {
      float[] scores = received[layer][h];
      received[layer][h] = Arrays.copyOfRange(scores, BLOCK_TOKENS, scores.length);
    }
    figures.spansOffloaded++;
  }

  /**
   * @return [queryHeads * headDim]: of the block that begins where the local part does, per query
   *     head the mean of the keys that received the most
   */
  private float[] vector(int layer) {
    KvArena arena = layers[layer].arena();
    float[] vector = new float[queryHeads * headDim];
    for (int h = 0; h < queryHeads; h++) {
      long head = (long) (h * kvHeads / queryHeads) * arena.capacity();
      for (int token : mostReceived(received[layer][h])) {
        long key = (head + layers[layer].localIndex() + token) * headDim;
        for (int i = 0; i < headDim; i++) {
          vector[h * headDim + i] +=
              arena.keys().getAtIndex(ValueLayout.JAVA_FLOAT, key + i) / REPRESENTATIVES;
        }
      }
    }
    return vector;
  }

  /** Of the first {@value #BLOCK_TOKENS}, the places of the largest; the earlier of equal ones. */
  private static int[] mostReceived(float[] scores) {
    return LargestFirst.places(scores, BLOCK_TOKENS, REPRESENTATIVES);
  }

  /** The blocks in place in a layer. */
  List<SpanBlock> retrieved(int layer) {
    return layers[layer].retrieved();
  }

  @Override
  public void finish() {}

  @Override
  public Map<String, MemorySegment> tail() {
    Map<String, MemorySegment> tail = new LinkedHashMap<>();
    for (int l = 0; l < layers.length; l++) {
      tail.put(LayerTail.section(l), LayerTail.export(layers[l], null));
      tail.put(blocksSection(l), blocks.export(l));
      tail.put(receivedSection(l), exportReceived(l));
    }
    return tail;
  }

  private static String blocksSection(int layer) {
    return "blocks/" + layer;
  }

  private static String receivedSection(int layer) {
    return "received/" + layer;
  }

  /** [queryHeads, local tokens], float32, little-endian. */
  private MemorySegment exportReceived(int layer) {
    int local = received[layer][0].length;
    MemorySegment bytes = MemorySegment.ofArray(new byte[Math.toIntExact(4L * queryHeads * local)]);
    for (int h = 0; h < queryHeads; h++) {
      MemorySegment.copy(received[layer][h], 0, bytes, LocalSpans.FLOAT, 4L * h * local, local);
    }
    return bytes;
  }

  private void restore(Map<String, MemorySegment> tail, int layer) {
    ResidentSet resident = layers[layer];
    var unused = LayerTail.restore(tail, layer, resident, 0, settings.sinkTokens());
    String name = blocksSection(layer);
    blocks.restore(layer, name, LayerTail.required(tail, name));
    int local = Math.max(0, resident.end() - resident.localStart());
    MemorySegment bytes = LayerTail.required(tail, receivedSection(layer));
    if (bytes.byteSize() != 4L * queryHeads * local) {
      throw LayerTail.damaged(receivedSection(layer), bytes.byteSize(), 4L * queryHeads * local);
    }
    for (int h = 0; h < queryHeads; h++) {
      received[layer][h] = new float[local];
      MemorySegment.copy(bytes, LocalSpans.FLOAT, 4L * h * local, received[layer][h], 0, local);
    }
  }

  @Override
  public RetrievalFigures figures() {
    return figures;
  }

  @Override
  public void close() {
    for (ResidentSet layer : layers) {
      layer.close();
    }
    blocks.close();
  }
}
