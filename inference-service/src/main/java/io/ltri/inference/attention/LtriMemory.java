package io.ltri.inference.attention;

import io.ltri.inference.retrieval.BlockCache;
import io.ltri.inference.retrieval.Candidate;
import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.LookupStream;
import io.ltri.inference.retrieval.OffloadedSpan;
import io.ltri.inference.retrieval.SpanBlock;
import io.ltri.inference.retrieval.SpanIndex;
import io.ltri.inference.span.Band;
import io.ltri.inference.span.ClosedSpan;
import io.ltri.inference.span.IndexVectors;
import io.ltri.inference.span.KeySource;
import io.ltri.inference.span.Segmenter;
import io.ltri.inference.span.SpanRange;
import io.ltri.inference.span.TokenSignal;
import io.ltri.inference.tensor.Decoder;
import io.ltri.inference.tensor.Step;
import io.ltri.inference.tensor.StepPart;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The method: per layer, {@code [sink | retrieved spans | remainder and window | the step's own
 * tokens]}.
 *
 * <p>After a step, a layer's tokens that have left the window are cut into spans; the closed ones
 * go to the index, the last one stays (the remainder) and is decided again with what follows.
 * Before a step's attention, the layer asks the index with the step's own queries and places the
 * spans it chooses. A token is in exactly one of sink, local part and index, so that nothing is out
 * of sight for a while: a layer's spans have arrived in the index before its next look-up.
 */
final class LtriMemory implements SequenceMemory {
  /** As a part of a step. */
  private static final String ASKING = "sending a look-up";

  private final ReadingSettings settings;
  private final AnsweringSettings answering;
  private final SpanIndex index;
  private final OwnSpans own;
  private final SpanSending sending;
  private final StepWait wait;
  private final BlockFetching fetching;
  private final Executor sender;
  private final ResidentSet[] layers;
  private final SpanChoice[] choices;
  private final Votes votes = new Votes();
  private final Band[] bands;
  private final Segmenter[] segmenters;

  /** So many layers share one partition. */
  private final int group;

  /** What the segmenter has to know of the text itself; null if nothing. */
  private final @Nullable TextReader text;

  private final RetrievalFigures figures = new RetrievalFigures();

  /** The documents with spans under this sequence, in text order. */
  private final List<String> bases;

  private @Nullable ReadingWatch watch;
  private @Nullable AttentionWatch shown;
  private @Nullable LookupStream lookups;

  /** Look-ups of earlier streams that two index nodes were asked. */
  private long hedgedBefore;

  private List<String> searched = List.of();

  /** Per layer the look-up that was sent and not looked at yet; null where none was. */
  private final LookupStream.@Nullable Asked[] asked;

  private final long[] askedAt;

  /** Steps of one token since the last chunk. */
  private int decodeSteps;

  /** Whether layers of the step at hand look up for the next step, too. */
  private boolean asksAhead;

  /** Whether each layer of the step at hand sends the look-up of the layer after it. */
  private boolean asksForNext;

  /** Why some spans of the layer at hand cannot be seen; null if all can. */
  private @Nullable IndexException unseen;

  private final int kvHeads;
  private final int headDim;
  private int length;

  /**
   * @param trainedLength of the model, which positions {@code true} must not exceed
   * @param bases documents with spans that do not change while this sequence lives, in text order
   * @param own where this sequence's own spans go
   * @param tail to continue from; empty at the start of a text
   * @param sender runs the calls that send spans to the index, and those that fetch blocks before
   *     they are wanted
   * @param sentenceEnds ids of tokens that end a sentence; asked only if the segmenter does
   */
  LtriMemory(
      Decoder decoder,
      int trainedLength,
      ReadingSettings settings,
      AnsweringSettings answering,
      SpanIndex index,
      BlockCache cache,
      Executor sender,
      Supplier<BitSet> sentenceEnds,
      List<String> bases,
      OwnSpans own,
      Map<String, MemorySegment> tail) {
    this.settings = settings;
    this.answering = answering;
    this.index = index;
    this.bases = List.copyOf(bases);
    this.own = own;
    this.wait = new StepWait(answering.lookupDeadline(), answering.strict());
    this.fetching =
        new BlockFetching(
            index, cache, answering.strict(), answering.lookupDeadline(), wait, figures);
    this.sender = sender;
    this.sending = new SpanSending(index, own, sender, decoder.shape().layers());
    this.kvHeads = decoder.shape().kvHeads();
    this.headDim = decoder.shape().headDim();
    int count = decoder.shape().layers();
    answering.lookup().requireFits(count, decoder.shape().queryHeads());
    this.layers = new ResidentSet[count];
    this.choices = new SpanChoice[count];
    this.asked = new LookupStream.@Nullable Asked[count];
    this.askedAt = new long[count];
    this.bands = new Band[count];
    this.segmenters = new Segmenter[count];
    this.group = settings.spans().layerGroup();
    this.text = TextReader.of(settings.spansOfPolicy(), sentenceEnds, tail);
    for (int l = 0; l < count; l++) {
      choices[l] = new SpanChoice(answering.lookup(), l, budgetTokens(l), votes);
      layers[l] = ResidentSet.of(decoder, trainedLength, settings, budgetTokens(l));
    }
    try {
      restore(tail);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private int budgetTokens(int layer) {
    return answering.lookup().budgetTokens(layer, answering.budgetTokens());
  }

  private void restore(Map<String, MemorySegment> tail) {
    int width = settings.spans().bandWidth();
    for (int l = 0; l < layers.length; l++) {
      Band band = null;
      if (!tail.isEmpty()) {
        band = LayerTail.restore(tail, l, layers[l], width, settings.sinkTokens());
        length = layers[l].end();
      }
      bands[l] = band == null ? new Band(width, settings.sinkTokens()) : band;
      segmenters[l] =
          Segmenter.of(
              settings.spansOfPolicy(), text == null ? new TokenSignal(0) : text.signal(), l);
    }
  }

  void watchedBy(ReadingWatch watch) {
    this.watch = watch;
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
  public List<TokenRange> attended(int layer) {
    return layers[layer].attended();
  }

  @Override
  public RetrievalFigures figures() {
    LookupStream open = lookups;
    figures.lookupsHedged = hedgedBefore + (open == null ? 0 : open.hedged());
    return figures;
  }

  @Override
  public void begin(Step step) {
    boolean decoding = step.tokens() == 1;
    decodeSteps = decoding ? decodeSteps + 1 : 0;
    asksAhead = decoding && answering.lookup().lookupLag() == 1;
    asksForNext = decoding && answering.lookup().lookupAheadFrom() > 0;
    if (looksUp(layers.length - 1)) {
      votes.beginStep();
    }
    wait.beginStep();
    if (shown != null) {
      shown.beginStep();
    }
  }

  /** Whether a layer looks up in the step at hand. */
  private boolean looksUp(int layer) {
    return decodeSteps == 0 || looksUp(layer, decodeSteps);
  }

  private boolean looksUp(int layer, int step) {
    return answering.lookup().looksUp(layer, step);
  }

  @Override
  public void project(Step step, int layer) {
    ResidentSet resident = layers[layer];
    StepPart sent = StepPart.start();
    unseen = awaitSent(layer);
    sent.end("waiting for own spans", layer);
    resident.reserve(step.tokens());
    step.project(layer, resident.arena(), resident.endIndex());
    if (looksUp(layer) && hasSpans(layer) && asked[layer] == null && !wait.left().isZero()) {
      askNow(step, layer);
    }
    if (asksForNext) {
      // What was sent for this layer before is waited for from now on.
      askedAt[layer] = System.nanoTime();
      askForNext(step, layer + 1);
    }
  }

  /**
   * Sends the look-up of the next layer, with queries that are estimated from what this one was
   * given. Where that cannot be, the next layer asks for itself.
   */
  private void askForNext(Step step, int next) {
    if (next == layers.length
        || next < answering.lookup().lookupAheadFrom()
        || !looksUp(next)
        || !hasSpans(next)
        || sending.isOnTheWay(next)
        || asked[next] != null
        || wait.left().isZero()) {
      return;
    }
    askEarly(next, step.lookupQueriesOfNextLayer(settings.windowTokens()));
  }

  @Override
  public boolean isAnswered(int layer) {
    LookupStream.Asked sent = asked[layer];
    return sent == null || sent.isAnswered();
  }

  @Override
  public void attend(Step step, int layer) {
    ResidentSet resident = layers[layer];
    int tokens = step.tokens();
    IndexException why = unseen;
    if (why != null) {
      figures.lookups++;
      missed(why);
    }
    if (hasSpans(layer)) {
      if (looksUp(layer)) {
        retrieve(step, layer, tokens == 1, why == null);
      }
      if (asksAhead && looksUp(layer, decodeSteps + 1)) {
        // For the next step, with the queries of this one.
        askEarly(layer, step.lookupQueries(1, settings.windowTokens()));
      }
    }
    MemorySegment rows = resident.attend(step, layer, bands[layer].width(), shown);
    if (rows == null) {
      throw new IllegalStateException("attend returned no band");
    }
    StepPart after = StepPart.start();
    bands[layer].append(rows, tokens);
    if (watch != null) {
      watch.attended(layer, bands[layer], tokens);
    }
    resident.appended(tokens);
    if (text == null && lastOfGroup(layer)) {
      close(layer, 2 * settings.spans().longest());
    }
    after.end("cutting spans", layer);
  }

  @Override
  public void end(Step step) {
    length += step.tokens();
    if (text != null) {
      text.read(step);
      closeAll(2 * settings.spans().longest());
    }
  }

  /** Whether there is anything to look up. */
  private boolean hasSpans(int layer) {
    return budgetTokens(layer) > 0 && (!bases.isEmpty() || sending.hasArrived(layer));
  }

  /**
   * Look-up, or the answer to the one that was sent ahead; choice, missing blocks, placing.
   *
   * @param counts is it counted? Not where the layer already counts as missed
   */
  private void retrieve(Step step, int layer, boolean decoding, boolean counts) {
    if (counts) {
      figures.lookups++;
    }
    wait.beginLookup();
    long damagedBefore = figures.blocksDamaged;
    try {
      LookupStream.Asked[] ahead = {asked[layer]};
      asked[layer] = null;
      boolean answered = ahead[0] != null && ahead[0].isAnswered();
      long since = ahead[0] == null ? System.nanoTime() : askedAt[layer];
      StepPart lookingUp = StepPart.start();
      List<Candidate> found =
          wait.call(
              since,
              answered,
              left -> {
                LookupStream.Asked first = ahead[0];
                ahead[0] = null;
                return (first == null ? ask(step, layer) : first).await(left);
              });
      lookingUp.end("look-up", layer);
      StepPart choosing = StepPart.start();
      List<Candidate> chosen =
          choices[layer].choose(fetching.sound(found, searched, layer), decoding);
      choosing.end("choosing spans", layer);
      StepPart getting = StepPart.start();
      List<SpanBlock> blocks = fetching.blocks(layer, chosen, searched);
      getting.end("blocks: cache and fetch", layer);
      StepPart placing = StepPart.start();
      layers[layer].place(blocks);
      placing.end("placing", layer);
      figures.retrievedTokens += blocks.stream().mapToLong(SpanBlock::tokens).sum();
      if (counts && figures.blocksDamaged > damagedBefore) {
        figures.lookupsMissed++;
      }
    } catch (IndexException e) {
      if (counts || answering.strict()) {
        missed(e);
      }
      if (sending.forgetIfLost(e)) {
        figures.spansLost = figures.spansOffloaded;
      }
    }
  }

  private LookupStream.Asked ask(Step step, int layer) {
    int count = Math.min(step.tokens(), settings.lookupQueries());
    return ask(layer, step.lookupQueries(count, settings.windowTokens()), count);
  }

  private LookupStream.Asked ask(int layer, MemorySegment queries, int count) {
    int budget = budgetTokens(layer);
    return lookups()
        .ask(
            layer,
            queries,
            count,
            Math.multiplyExact(settings.candidateMultiple(), budget),
            answering.lookup().ranksBySummedMass() ? 2 * budget : 0,
            answering.lookup().search());
  }

  /** Sends the look-up that the attention waits for; a failure is told there. */
  private void askNow(Step step, int layer) {
    askedAt[layer] = System.nanoTime();
    StepPart asking = StepPart.start();
    try {
      asked[layer] = ask(step, layer);
    } catch (IndexException e) {
      asked[layer] =
          deadline -> {
            throw e;
          };
    }
    asking.end(ASKING, layer);
  }

  /**
   * Sends a look-up of one token before it is waited for, so that its blocks can be fetched before
   * they are wanted. Where that fails, whoever wants it asks.
   */
  private void askEarly(int layer, MemorySegment queries) {
    askedAt[layer] = System.nanoTime();
    StepPart asking = StepPart.start();
    try {
      LookupStream.Asked sent = ask(layer, queries, 1);
      List<String> documents = searched;
      SpanChoice choice = choices[layer];
      sent.whenAnswered(
          found -> fetching.prepare(layer, choice.foreseen(found), documents, sender));
      asked[layer] = sent;
    } catch (IndexException e) {
      asked[layer] = null;
    }
    asking.end(ASKING, layer);
  }

  private LookupStream lookups() {
    List<String> wanted = new ArrayList<>(bases);
    String delta = sending.documentId();
    if (delta != null) {
      wanted.add(delta);
    }
    LookupStream open = lookups;
    if (open != null && wanted.equals(searched)) {
      return open;
    }
    if (open != null) {
      hedgedBefore += open.hedged();
      open.close();
      // What was sent ahead does not know the new document.
      Arrays.fill(asked, null);
    }
    searched = wanted;
    open = index.lookups(wanted);
    lookups = open;
    return open;
  }

  private boolean lastOfGroup(int layer) {
    return (layer + 1) % group == 0 || layer == layers.length - 1;
  }

  private void closeAll(int leastTokens) {
    for (int l = 0; l < layers.length; l++) {
      if (lastOfGroup(l)) {
        close(l, leastTokens);
      }
    }
    if (text != null) {
      text.dropBefore(layers[0].localStart());
    }
  }

  /**
   * Cuts what has left the window into spans, if it is so many tokens or more, and sends them. The
   * window's own rows are the look-ahead: a span leaves when no later token can change it.
   *
   * @param last of the layers that share a partition
   */
  private void close(int last, int leastTokens) {
    int first = last - last % group;
    int start = layers[first].localStart();
    int end = layers[first].end();
    int leftWindow = end - settings.windowTokens();
    if (leftWindow - start < leastTokens) {
      return;
    }
    Band band =
        first == last
            ? bands[first]
            : Band.mean(Arrays.asList(bands).subList(first, last + 1), start);
    List<SpanRange> ranges =
        segmenters[first].closable(band, start, end).stream()
            .filter(range -> range.end() <= leftWindow)
            .toList();
    if (ranges.isEmpty()) {
      return;
    }
    for (int l = first; l <= last; l++) {
      offload(l, ranges);
    }
  }

  /** Makes the vectors of a layer's spans, sends them, and drops them here. */
  private void offload(int layer, List<SpanRange> ranges) {
    ResidentSet resident = layers[layer];
    KeySource keys =
        new KeySource(
            resident.arena().keys(),
            kvHeads,
            resident.arena().capacity(),
            headDim,
            resident.localStart() - resident.localIndex());
    List<ClosedSpan> closed = IndexVectors.summarise(bands[layer], ranges, keys, settings.spans());
    if (watch != null) {
      watch.closed(layer, closed);
    }
    List<OffloadedSpan> spans = new ArrayList<>(closed.size());
    for (ClosedSpan span : closed) {
      spans.add(
          new OffloadedSpan(
              span.score(),
              span.confidence(),
              span.vectors(),
              resident.extract(span.start(), span.end())));
    }
    int end = closed.getLast().end();
    resident.dropBefore(end);
    bands[layer].dropBefore(end);
    figures.spansOffloaded += spans.size();
    // What was sent ahead does not know these spans.
    asked[layer] = null;
    sending.send(layer, spans);
  }

  /**
   * @return why some of a layer's spans cannot be seen; null if all can
   */
  private @Nullable IndexException awaitSent(int layer) {
    IndexException unseen = sending.await(layer, wait);
    figures.spansLost += sending.takeUnsent();
    return unseen;
  }

  /** Ends the sequence, or goes on with what is there and counts it, as the settings say. */
  private void missed(IndexException e) {
    figures.lookupsMissed++;
    figures.note(e);
    if (answering.strict()) {
      throw e;
    }
  }

  /** Waits for all layers' spans. */
  private void awaitAllSent() {
    wait.beginStep();
    for (int l = 0; l < layers.length; l++) {
      IndexException unseen = awaitSent(l);
      if (unseen != null) {
        missed(unseen);
      }
    }
  }

  @Override
  public void finish() {
    awaitAllSent();
    closeAll(settings.spans().longest());
    if (text != null) {
      text.end();
    }
    awaitAllSent();
  }

  @Override
  public @Nullable Map<String, MemorySegment> checkpoint() {
    if (text != null || !answering.lookup().forgetsChunks()) {
      return null;
    }
    awaitAllSent();
    return tail();
  }

  @Override
  public @Nullable String spansId() {
    return own.idIfMade();
  }

  @Override
  public void keepSpans() {
    own.keep();
  }

  @Override
  public Map<String, MemorySegment> tail() {
    Map<String, MemorySegment> tail = new LinkedHashMap<>();
    for (int l = 0; l < layers.length; l++) {
      tail.put(LayerTail.section(l), LayerTail.export(layers[l], bands[l]));
    }
    if (text != null) {
      tail.put(TextReader.SECTION, text.export());
    }
    return tail;
  }

  @Override
  public void close() {
    LookupStream open = lookups;
    if (open != null) {
      open.close();
    }
    for (ResidentSet layer : layers) {
      layer.close();
    }
    sending.end();
  }
}
