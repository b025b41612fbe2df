package io.ltri.inference.attention;

import io.ltri.inference.retrieval.SpanBlock;
import io.ltri.inference.tensor.Decoder;
import io.ltri.inference.tensor.Step;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a perfect retriever of tokens would give, a baseline: keeps the whole text in memory and
 * looks at every key. Per layer {@code [sink | the tokens with the most attention | window | the
 * step's own tokens]}.
 *
 * <p>A token's worth is its attention mass, as the second stage of the index computes it ({@link
 * Step#attentionMass}), but over all earlier tokens that are neither sink nor local, and it is
 * taken alone, not with a span.
 */
final class OracleMemory implements SequenceMemory {
  private final ReadingSettings settings;
  private final int budgetTokens;
  private final ResidentSet[] attended;
  private final ResidentSet[] texts;
  private final RetrievalFigures figures = new RetrievalFigures();
  private int length;

  /**
   * @param budgetTokens retrieved per layer and step
   * @param tail to continue from; empty at the start of a text
   */
  OracleMemory(
      Decoder decoder,
      int trainedLength,
      ReadingSettings settings,
      int budgetTokens,
      Map<String, MemorySegment> tail) {
    this.settings = settings;
    this.budgetTokens = budgetTokens;
    int count = decoder.shape().layers();
    this.attended = new ResidentSet[count];
    this.texts = new ResidentSet[count];
    for (int l = 0; l < count; l++) {
      attended[l] = ResidentSet.of(decoder, trainedLength, settings, budgetTokens);
      texts[l] = ResidentSet.ofWholeText(decoder, settings.storage(), 2 * settings.chunkTokens());
    }
    if (tail.isEmpty()) {
      return;
    }
    try {
      for (int l = 0; l < count; l++) {
        var none = LayerTail.restore(tail, l, attended[l], 0, settings.sinkTokens());
        var unused = LayerTail.restore(tail, textSection(l), texts[l], 0, 0);
        length = texts[l].end();
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private static String textSection(int layer) {
    return "text/" + layer;
  }

  @Override
  public List<TokenRange> attended(int layer) {
    return attended[layer].attended();
  }

  @Override
  public int length() {
    return length;
  }

  @Override
  public void begin(Step step) {}

  @Override
  public void project(Step step, int layer) {
    ResidentSet resident = attended[layer];
    ResidentSet text = texts[layer];
    resident.dropBefore(resident.end() - settings.windowTokens());
    resident.reserve(step.tokens());
    text.reserve(step.tokens());
    step.project(layer, text.arena(), text.endIndex());
    resident.copyFrom(text, length, length + step.tokens());
  }

  @Override
  public void attend(Step step, int layer) {
    ResidentSet resident = attended[layer];
    ResidentSet text = texts[layer];
    if (budgetTokens > 0 && resident.localStart() > settings.sinkTokens()) {
      figures.lookups++;
      resident.place(best(step, text, resident.localStart()));
    }
    var unused = resident.attend(step, layer, 0);
    resident.appended(step.tokens());
    text.appended(step.tokens());
  }

  @Override
  public void end(Step step) {
    length += step.tokens();
  }

  /** The tokens of [sink, stop) with the most attention, in text order, neighbours in one block. */
  private List<SpanBlock> best(Step step, ResidentSet text, int stop) {
    int first = settings.sinkTokens();
    int count = stop - first;
    float[] mass =
        step.attentionMass(
                text.arena(), first, count, settings.lookupQueries(), settings.windowTokens())
            .toArray(ValueLayout.JAVA_FLOAT);
    int[] chosen = LargestFirst.places(mass, count, budgetTokens);
    List<SpanBlock> blocks = new ArrayList<>();
    int from = 0;
    for (int i = 1; i <= chosen.length; i++) {
      if (i == chosen.length || chosen[i] != chosen[i - 1] + 1) {
        blocks.add(text.extract(first + chosen[from], first + chosen[i - 1] + 1));
        from = i;
      }
    }
    return blocks;
  }

  /** What is retrieved in a layer. */
  List<SpanBlock> retrieved(int layer) {
    return attended[layer].retrieved();
  }

  @Override
  public void finish() {}

  @Override
  public Map<String, MemorySegment> tail() {
    Map<String, MemorySegment> tail = new LinkedHashMap<>();
    for (int l = 0; l < attended.length; l++) {
      tail.put(LayerTail.section(l), LayerTail.export(attended[l], null));
      tail.put(textSection(l), LayerTail.export(texts[l], null));
    }
    return tail;
  }

  @Override
  public RetrievalFigures figures() {
    return figures;
  }

  @Override
  public void close() {
    for (ResidentSet set : attended) {
      set.close();
    }
    for (ResidentSet set : texts) {
      set.close();
    }
  }
}
