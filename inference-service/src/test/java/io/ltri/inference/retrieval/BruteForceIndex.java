package io.ltri.inference.retrieval;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * A readable index in memory: the two stages of a look-up as the method text says them, without any
 * haste.
 */
public final class BruteForceIndex implements SpanIndex {

  private static final class Stored {
    final BlockLayout layout;
    final Map<Integer, List<OffloadedSpan>> layers = new ConcurrentHashMap<>();
    final NewDocument asked;
    Map<String, String> attributes;
    Map<String, MemorySegment> tail = Map.of();
    long checkpointTokens;
    Map<Integer, Integer> checkpointSpans = Map.of();
    boolean sealed;

    Stored(NewDocument asked) {
      this.asked = asked;
      this.layout = asked.layout();
      this.attributes = new HashMap<>(asked.attributes());
    }
  }

  private final Map<String, Stored> documents = new ConcurrentHashMap<>();
  private final AtomicInteger ids = new AtomicInteger();

  /** Layers of the look-ups asked and answered, in order. */
  public final List<Integer> asked = Collections.synchronizedList(new ArrayList<>());

  public final List<Integer> awaited = Collections.synchronizedList(new ArrayList<>());

  /** Both, as "ask 3" and "await 3", and where blocks were fetched, "fetch 3". */
  public final List<String> events = Collections.synchronizedList(new ArrayList<>());

  /** Whether answers say that they have come, which they do at once. */
  public volatile boolean bringsAnswers;

  /** Runs when an answer is waited for. */
  public volatile Runnable whenAwaited = () -> {};

  /** When set, look-ups fail with this message. */
  public volatile String failLookupsWith = "";

  /** So many look-ups fail before one succeeds again. */
  public final AtomicInteger brokenLookups = new AtomicInteger();

  /** Spans, of every layer and document, whose blocks are damaged. */
  public final Set<Integer> damagedSpans = ConcurrentHashMap.newKeySet();

  /** When set, every call fails with this message. */
  public volatile String failEverythingWith = "";

  /** When set, sections of tails whose names begin so are damaged. */
  public volatile String damagedSection = "";

  /** When set, spans that are appended are refused with this message. */
  public volatile String failAppendsWith = "";

  @Override
  public IndexedDocument create(NewDocument document) {
    for (Map.Entry<String, Stored> entry : documents.entrySet()) {
      Stored stored = entry.getValue();
      if (!document.buildKey().isEmpty()
          && stored.asked.buildKey().equals(document.buildKey())
          && !stored.sealed
          && stored.checkpointTokens > 0) {
        stored.layers.forEach(
            (layer, spans) ->
                spans.subList(stored.checkpointSpans.getOrDefault(layer, 0), spans.size()).clear());
        return get(entry.getKey());
      }
    }
    String id = "d" + ids.incrementAndGet();
    documents.put(id, new Stored(document));
    return get(id);
  }

  @Override
  public void checkpoint(
      String documentId, long tokens, Set<Long> kept, Map<String, MemorySegment> tail) {
    Stored stored = stored(documentId);
    if (!kept.isEmpty()) {
      throw new UnsupportedOperationException("this index keeps no boundaries");
    }
    stored.checkpointTokens = tokens;
    stored.tail = Map.copyOf(tail);
    Map<Integer, Integer> spans = new HashMap<>();
    stored.layers.forEach((layer, list) -> spans.put(layer, list.size()));
    stored.checkpointSpans = spans;
  }

  @Override
  public void append(String documentId, int layer, List<OffloadedSpan> spans) {
    if (!failAppendsWith.isEmpty()) {
      throw new IndexException(IndexException.Reason.UNAVAILABLE, failAppendsWith);
    }
    if (stored(documentId).sealed) {
      throw new IndexException(
          IndexException.Reason.WRONG_STATE, "document " + documentId + " is sealed");
    }
    stored(documentId).layers.computeIfAbsent(layer, l -> new ArrayList<>()).addAll(spans);
  }

  @Override
  public IndexedDocument seal(String documentId, Seal seal, Map<String, MemorySegment> tail) {
    Stored stored = stored(documentId);
    stored.attributes.putAll(seal.attributes());
    stored.tail = Map.copyOf(tail);
    stored.sealed = true;
    return get(documentId);
  }

  @Override
  public Map<String, MemorySegment> readTail(String documentId, List<String> sections) {
    Map<String, MemorySegment> tail = new HashMap<>(stored(documentId).tail);
    if (!sections.isEmpty()) {
      tail.keySet().retainAll(sections);
    }
    for (String section : tail.keySet()) {
      if (!damagedSection.isEmpty() && section.startsWith(damagedSection)) {
        throw new IndexException(
            IndexException.Reason.DAMAGED,
            "document %s, tail section %s: checksum differs".formatted(documentId, section));
      }
    }
    return tail;
  }

  @Override
  public LookupStream lookups(List<String> documentIds) {
    return new LookupStream() {
      @Override
      public Asked ask(
          int layer,
          MemorySegment queries,
          int count,
          int candidateTokens,
          int returnTokens,
          SearchRule rule) {
        asked.add(layer);
        events.add("ask " + layer);
        if (!failLookupsWith.isEmpty()) {
          IndexException failure =
              new IndexException(IndexException.Reason.UNAVAILABLE, failLookupsWith);
          return deadline -> {
            throw failure;
          };
        }
        if (brokenLookups.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
          throw new IndexException(IndexException.Reason.UNAVAILABLE, "the stream broke");
        }
        List<Candidate> all =
            BruteForceIndex.this.search(documentIds, layer, queries, count, candidateTokens, rule);
        List<Candidate> candidates = new ArrayList<>();
        int tokens = 0;
        for (Candidate candidate : all) {
          tokens += candidate.tokens();
          if (returnTokens > 0 && tokens > returnTokens) {
            break;
          }
          candidates.add(candidate);
        }
        return new Asked() {
          @Override
          public List<Candidate> await(Duration deadline) {
            whenAwaited.run();
            awaited.add(layer);
            events.add("await " + layer);
            return candidates;
          }

          @Override
          public void whenAnswered(Consumer<List<Candidate>> then) {
            if (bringsAnswers) {
              then.accept(candidates);
            }
          }
        };
      }

      @Override
      public void close() {}
    };
  }

  private List<Candidate> search(
      List<String> documentIds,
      int layer,
      MemorySegment queries,
      int count,
      int candidateTokens,
      SearchRule rule) {
    record Found(int document, int ordinal, OffloadedSpan span) {}
    List<Found> all = new ArrayList<>();
    for (int d = 0; d < documentIds.size(); d++) {
      List<OffloadedSpan> spans = stored(documentIds.get(d)).layers.getOrDefault(layer, List.of());
      for (int s = 0; s < spans.size(); s++) {
        all.add(new Found(d, s, spans.get(s)));
      }
    }
    if (all.isEmpty()) {
      return List.of();
    }
    BlockLayout layout = stored(documentIds.getFirst()).layout;
    int heads = layout.queryHeads();
    double[] coarse = new double[all.size()];
    float[][] shareOf = new float[all.size()][heads];
    for (int h = 0; h < heads; h++) {
      double[] most = new double[all.size()];
      for (int n = 0; n < count; n++) {
        float[] query = query(queries, layout, h, count, n);
        double[] logits = new double[all.size()];
        for (int i = 0; i < logits.length; i++) {
          logits[i] = bestVector(all.get(i).span, query, h, layout);
        }
        double[] shares = softmax(logits);
        for (int i = 0; i < shares.length; i++) {
          most[i] = Math.max(most[i], shares[i]);
        }
      }
      for (int i = 0; i < most.length; i++) {
        shareOf[i][h] = (float) most[i];
        coarse[i] =
            rule.stageOne() == SearchRule.StageOne.MAX
                ? Math.max(coarse[i], most[i])
                : coarse[i] + most[i];
      }
    }
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < coarse.length; i++) {
      order.add(i);
    }
    order.sort(Comparator.comparingDouble(i -> -coarse[i]));
    List<Found> kept = new ArrayList<>();
    List<Candidate> ofStageOne = new ArrayList<>();
    int tokens = 0;
    for (int i : order) {
      int size = all.get(i).span.block().tokens();
      if (tokens + size <= candidateTokens) {
        kept.add(all.get(i));
        SpanBlock block = all.get(i).span.block();
        ofStageOne.add(
            new Candidate(
                all.get(i).document, all.get(i).ordinal, block.start(), block.end(), shareOf[i]));
        tokens += size;
      }
    }
    if (!rule.rescored()) {
      return ofStageOne;
    }
    float[][] mass = new float[kept.size()][heads];
    for (int h = 0; h < heads; h++) {
      double[] most = new double[tokens];
      for (int n = 0; n < count; n++) {
        float[] query = query(queries, layout, h, count, n);
        double[] logits = new double[tokens];
        int at = 0;
        for (Found found : kept) {
          for (int t = 0; t < found.span.block().tokens(); t++) {
            logits[at++] = keyScore(found.span.block(), t, query, h, layout);
          }
        }
        double[] shares = softmax(logits);
        for (int i = 0; i < tokens; i++) {
          most[i] = Math.max(most[i], shares[i]);
        }
      }
      int at = 0;
      for (int i = 0; i < kept.size(); i++) {
        for (int t = 0; t < kept.get(i).span.block().tokens(); t++) {
          mass[i][h] += (float) most[at++];
        }
      }
    }
    List<Candidate> candidates = new ArrayList<>();
    for (int i = 0; i < kept.size(); i++) {
      SpanBlock block = kept.get(i).span.block();
      candidates.add(
          new Candidate(
              kept.get(i).document, kept.get(i).ordinal, block.start(), block.end(), mass[i]));
    }
    candidates.sort(Comparator.comparingDouble(c -> -sum(c.mass())));
    return candidates;
  }

  private static double sum(float[] numbers) {
    double sum = 0;
    for (float number : numbers) {
      sum += number;
    }
    return sum;
  }

  private static float[] query(
      MemorySegment queries, BlockLayout layout, int head, int count, int n) {
    float[] query = new float[layout.headDim()];
    MemorySegment.copy(
        queries,
        ValueLayout.JAVA_FLOAT_UNALIGNED,
        4L * layout.headDim() * ((long) head * count + n),
        query,
        0,
        query.length);
    return query;
  }

  private static double bestVector(
      OffloadedSpan span, float[] query, int head, BlockLayout layout) {
    int g = head / (layout.queryHeads() / layout.kvHeads());
    int stride = layout.kvHeads() * layout.headDim();
    double best = Double.NEGATIVE_INFINITY;
    for (int v = 0; v < span.vectors().length / stride; v++) {
      double dot = 0;
      for (int i = 0; i < query.length; i++) {
        dot += (double) query[i] * span.vectors()[v * stride + g * layout.headDim() + i];
      }
      best = Math.max(best, dot * layout.scoreScale());
    }
    return best;
  }

  private static double keyScore(
      SpanBlock block, int token, float[] query, int head, BlockLayout layout) {
    int g = head / (layout.queryHeads() / layout.kvHeads());
    double dot = 0;
    for (int i = 0; i < query.length; i++) {
      long element = ((long) g * block.tokens() + token) * layout.headDim() + i;
      dot += (double) query[i] * element(block.keys(), element, layout);
    }
    return dot * layout.scoreScale();
  }

  private static float element(MemorySegment bytes, long element, BlockLayout layout) {
    return layout.elementBytes() == 4
        ? bytes.get(
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 4 * element)
        : Float.intBitsToFloat(
            bytes.get(
                    ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN),
                    2 * element)
                << 16);
  }

  private static double[] softmax(double[] logits) {
    double highest = Double.NEGATIVE_INFINITY;
    for (double logit : logits) {
      highest = Math.max(highest, logit);
    }
    double sum = 0;
    double[] shares = new double[logits.length];
    for (int i = 0; i < logits.length; i++) {
      shares[i] = Math.exp(logits[i] - highest);
      sum += shares[i];
    }
    for (int i = 0; i < shares.length; i++) {
      shares[i] /= sum;
    }
    return shares;
  }

  @Override
  public List<SpanBlock> fetch(String documentId, int layer, int[] spans, Duration deadline) {
    events.add("fetch " + layer);
    List<SpanBlock> blocks = new ArrayList<>();
    for (int span : spans) {
      if (damagedSpans.contains(span)) {
        throw new IndexException(
            IndexException.Reason.DAMAGED,
            "document %s, layer %d, block %d: checksum differs".formatted(documentId, layer, span));
      }
      blocks.add(stored(documentId).layers.getOrDefault(layer, List.of()).get(span).block());
    }
    return blocks;
  }

  @Override
  public IndexedDocument get(String documentId) {
    Stored stored = stored(documentId);
    long spans = stored.layers.values().stream().mapToLong(List::size).sum();
    return new IndexedDocument(
        documentId,
        stored.sealed,
        stored.layout,
        Map.copyOf(stored.attributes),
        ancestors(stored),
        stored.asked.tenant(),
        0,
        spans,
        0,
        "scan",
        stored.sealed ? 0 : stored.checkpointTokens,
        List.of(),
        IndexedDocument.Life.NEW);
  }

  private List<String> ancestors(Stored stored) {
    List<String> ancestors = new ArrayList<>();
    String parent = stored.asked.parentId();
    while (parent != null) {
      ancestors.addFirst(parent);
      parent = stored(parent).asked.parentId();
    }
    return ancestors;
  }

  @Override
  public List<IndexedDocument> list() {
    requireUp();
    return documents.keySet().stream().map(this::get).filter(IndexedDocument::sealed).toList();
  }

  @Override
  public long delete(String documentId) {
    if (documents.remove(documentId) == null) {
      throw new IndexException(IndexException.Reason.NOT_FOUND, "no document " + documentId);
    }
    return 1;
  }

  /** As after a restart that kept nothing. */
  public void deleteAll() {
    documents.clear();
  }

  /** Documents of every kind. */
  public int size() {
    return documents.size();
  }

  /** All spans of a layer, in order. */
  public List<OffloadedSpan> spans(String documentId, int layer) {
    return stored(documentId).layers.getOrDefault(layer, List.of());
  }

  private void requireUp() {
    if (!failEverythingWith.isEmpty()) {
      throw new IndexException(IndexException.Reason.UNAVAILABLE, failEverythingWith);
    }
  }

  private Stored stored(String id) {
    requireUp();
    Stored stored = documents.get(id);
    if (stored == null) {
      throw new IndexException(IndexException.Reason.NOT_FOUND, "no document " + id);
    }
    return stored;
  }

  @Override
  public void close() {}
}
