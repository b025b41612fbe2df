package io.ltri.inference.attention;

import io.ltri.inference.tensor.Decoder;
import io.ltri.inference.tensor.Step;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A memory without an index: full attention, or sink and window alone.
 *
 * <p>Under {@code streaming} the tokens that have left the window before a chunk are dropped
 * between chunks, never inside one, as under {@code ltri}.
 */
final class ResidentMemory implements SequenceMemory {
  private final ReadingSettings settings;
  private final ResidentSet[] layers;
  private final RetrievalFigures figures = new RetrievalFigures();
  private @Nullable AttentionWatch shown;
  private int length;

  /**
   * @param tail to continue from; empty at the start of a text
   */
  ResidentMemory(
      Decoder decoder,
      int trainedLength,
      ReadingSettings settings,
      Map<String, MemorySegment> tail) {
    this.settings = settings;
    boolean full = settings.policy() == PolicyName.FULL;
    this.layers = new ResidentSet[decoder.shape().layers()];
    for (int l = 0; l < layers.length; l++) {
      layers[l] =
          full
              ? ResidentSet.ofWholeText(decoder, settings.storage(), 2 * settings.chunkTokens())
              : ResidentSet.of(decoder, trainedLength, settings, 0);
    }
    if (tail.isEmpty()) {
      return;
    }
    try {
      for (int l = 0; l < layers.length; l++) {
        var unused = LayerTail.restore(tail, l, layers[l], 0, settings.sinkTokens());
        length = layers[l].end();
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  @Override
  public void showAttention(@Nullable AttentionWatch to) {
    shown = to;
  }

  @Override
  public int length() {
    return length;
  }

  @Override
  public void begin(Step step) {
    if (shown != null) {
      shown.beginStep();
    }
  }

  @Override
  public void project(Step step, int layer) {
    ResidentSet resident = layers[layer];
    if (settings.policy() == PolicyName.STREAMING) {
      resident.dropBefore(Math.min(resident.end(), resident.end() - settings.windowTokens()));
    }
    resident.reserve(step.tokens());
    step.project(layer, resident.arena(), resident.endIndex());
  }

  @Override
  public void attend(Step step, int layer) {
    var unused = layers[layer].attend(step, layer, 0, shown);
    layers[layer].appended(step.tokens());
  }

  @Override
  public void end(Step step) {
    length += step.tokens();
  }

  @Override
  public void finish() {}

  @Override
  public Map<String, MemorySegment> tail() {
    Map<String, MemorySegment> tail = new LinkedHashMap<>();
    for (int l = 0; l < layers.length; l++) {
      tail.put(LayerTail.section(l), LayerTail.export(layers[l], null));
    }
    return tail;
  }

  @Override
  public List<TokenRange> attended(int layer) {
    return layers[layer].attended();
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
  }
}
