package io.ltri.inference.attention;

import io.ltri.inference.retrieval.BlockCache;
import io.ltri.inference.retrieval.Candidate;
import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.IndexedDocument;
import io.ltri.inference.retrieval.SpanBlock;
import io.ltri.inference.retrieval.SpanIndex;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Blocks of the spans that a sequence has chosen, from the cache or the index. A block that the
 * index finds damaged is done without from then on, unless a failure ends the sequence. One thread.
 */
final class BlockFetching {
  private record Key(String documentId, int layer, int span) {}

  private final SpanIndex index;
  private final BlockCache cache;
  private final boolean strict;
  private final StepWait wait;
  private final RetrievalFigures figures;
  private final Duration deadline;

  /** What was fetched before it was wanted, and is not in the figures yet. */
  private final LongAdder preparedSpans = new LongAdder();

  private final LongAdder preparedBytes = new LongAdder();
  private final Set<Key> damaged = new HashSet<>();

  BlockFetching(
      SpanIndex index,
      BlockCache cache,
      boolean strict,
      Duration deadline,
      StepWait wait,
      RetrievalFigures figures) {
    this.deadline = deadline;
    this.index = index;
    this.cache = cache;
    this.strict = strict;
    this.wait = wait;
    this.figures = figures;
  }

  /** The candidates that are sound, as far as is known. */
  List<Candidate> sound(List<Candidate> candidates, List<String> documentIds, int layer) {
    if (damaged.isEmpty()) {
      return candidates;
    }
    return candidates.stream()
        .filter(
            candidate ->
                !damaged.contains(
                    new Key(documentIds.get(candidate.document()), layer, candidate.span())))
        .toList();
  }

  /**
   * Fetches blocks into the cache that will be wanted soon. Where that fails, nothing is told: they
   * are fetched again when they are wanted. Any thread; does not wait.
   */
  void prepare(int layer, List<Candidate> chosen, List<String> documentIds, Executor executor) {
    Map<String, List<Integer>> byDocument = new LinkedHashMap<>();
    for (Candidate candidate : chosen) {
      byDocument
          .computeIfAbsent(
              IndexedDocument.idOf(documentIds.get(candidate.document())),
              unused -> new ArrayList<>())
          .add(candidate.span());
    }
    byDocument.forEach(
        (documentId, spans) -> {
          int[] missing =
              spans.stream()
                  .mapToInt(Integer::intValue)
                  .filter(span -> !cache.has(documentId, layer, span))
                  .toArray();
          if (missing.length > 0) {
            executor.execute(() -> prepare(documentId, layer, missing));
          }
        });
  }

  private void prepare(String documentId, int layer, int[] spans) {
    try {
      BlockCache.Blocks found = cache.get(index, documentId, layer, spans, deadline);
      preparedSpans.add(found.fetched());
      preparedBytes.add(found.fetchedBytes());
    } catch (IndexException e) {
      // As said above.
    }
  }

  /**
   * @param chosen in text order
   * @param documentIds those that were searched
   * @return in text order, without those that are damaged
   */
  List<SpanBlock> blocks(int layer, List<Candidate> chosen, List<String> documentIds) {
    @Nullable SpanBlock[] inTextOrder = new SpanBlock[chosen.size()];
    for (int d = 0; d < documentIds.size(); d++) {
      int document = d;
      int[] places = new int[chosen.size()];
      int count = 0;
      for (int i = 0; i < chosen.size(); i++) {
        if (chosen.get(i).document() == document) {
          places[count++] = i;
        }
      }
      if (count == 0) {
        continue;
      }
      int[] spans = new int[count];
      for (int i = 0; i < count; i++) {
        spans[i] = chosen.get(places[i]).span();
      }
      List<@Nullable SpanBlock> found = soundBlocks(layer, documentIds.get(d), spans);
      for (int i = 0; i < count; i++) {
        inTextOrder[places[i]] = found.get(i);
      }
    }
    List<SpanBlock> blocks = new ArrayList<>(chosen.size());
    for (SpanBlock block : inTextOrder) {
      if (block != null) {
        blocks.add(block);
      }
    }
    return blocks;
  }

  /** The blocks of one document, null where one is damaged. */
  private List<@Nullable SpanBlock> soundBlocks(int layer, String documentId, int[] spans) {
    try {
      return new ArrayList<@Nullable SpanBlock>(fetched(layer, documentId, spans));
    } catch (IndexException e) {
      if (e.reason() != IndexException.Reason.DAMAGED || strict) {
        throw e;
      }
    }
    List<@Nullable SpanBlock> sound = new ArrayList<>(spans.length);
    for (int span : spans) {
      try {
        sound.addAll(fetched(layer, documentId, new int[] {span}));
      } catch (IndexException e) {
        if (e.reason() != IndexException.Reason.DAMAGED) {
          throw e;
        }
        damaged.add(new Key(documentId, layer, span));
        figures.blocksDamaged++;
        figures.note(e);
        sound.add(null);
      }
    }
    return sound;
  }

  private List<SpanBlock> fetched(int layer, String documentId, int[] spans) {
    // The spans of a beginning are those of its document.
    String whole = IndexedDocument.idOf(documentId);
    BlockCache.Blocks found = wait.call(left -> cache.get(index, whole, layer, spans, left));
    long before = preparedSpans.sumThenReset();
    figures.spansFetched += found.fetched() + before;
    figures.bytesFetched += found.fetchedBytes() + preparedBytes.sumThenReset();
    figures.spansFromCache += spans.length - found.fetched() - before;
    return found.blocks();
  }
}
