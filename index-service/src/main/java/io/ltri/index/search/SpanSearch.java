package io.ltri.index.search;

import io.ltri.index.search.LookUpAnswer.Candidate;
import io.ltri.index.store.DocumentLayout;
import io.ltri.index.store.InvalidInputException;
import io.ltri.index.store.LayerView;
import io.ltri.index.store.OpenDocument;
import io.ltri.index.store.StorageType;
import io.ltri.index.store.SummaryCodes;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks spans up, in two stages, over the documents of a sequence as if they were one.
 *
 * <p>Stage one compares the queries with the summary vectors, in 8 bits: per head and query, the
 * score of a span is the largest product with one of its vectors; a softmax over all spans, the
 * largest probability over the queries, the sum over the heads (or the largest of the heads, as
 * asked) give the order of spans. The best are candidates, as many as hold the allowed number of
 * tokens together. In a document with search graphs, stage one sees only the spans that a walk of
 * the graphs finds for any head.
 *
 * <p>Stage two computes what attention would do with the candidates: per head and query a softmax
 * over all their tokens, from the spans' own keys. The largest probability over the queries, summed
 * over a span's tokens, is its mass for that head. It can be left out: then a candidate's mass is
 * its probability in stage one.
 *
 * <p>Results are the same bits whatever the number of threads and whether a document is sealed or
 * being built.
 */
public final class SpanSearch implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(SpanSearch.class);

  static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /**
   * Queries of one head, or rows of the heads of a group together, that are worked on at a time.
   */
  private static final int MOST_ROWS = 64;

  /** From so many rows on, lanes of stage one run over them, and not over vectors. */
  private static final int MANY_ROWS = 48;

  /** Products of stage one that are kept at a time: 1 MiB, as second-level caches have it. */
  private static final int MOST_PRODUCTS = 1 << 18;

  /** Multiplications below which handing work to other threads costs more than it brings. */
  private static final long WORTH_SHARING = 4_000_000;

  private final ForkJoinPool pool;
  private final int threads;
  private final SearchLimits limits;
  private volatile CompletableFuture<Void> warm = CompletableFuture.completedFuture(null);
  private final ConcurrentLinkedDeque<Workspace> workspaces = new ConcurrentLinkedDeque<>();

  /**
   * @param threads that a search with many queries spreads over
   */
  public SpanSearch(int threads, SearchLimits limits) {
    this.threads = threads;
    this.limits = limits;
    this.pool = new ForkJoinPool(threads);
  }

  /**
   * Has the kernels compiled, in the background; look-ups that come meanwhile wait for it, since
   * they would be slower without.
   */
  public void warmUp() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    warm = done;
    Thread.ofPlatform()
        .name("search-warm-up")
        .daemon()
        .start(
            () -> {
              long start = System.nanoTime();
              try {
                WarmUp.run(this);
                LOG.debug("search is warm after {} ms", (System.nanoTime() - start) / 1_000_000);
              } finally {
                done.complete(null);
              }
            });
  }

  /** Waits until a warm-up that has begun is over: at most some seconds. */
  public void awaitWarm() {
    warm.join();
  }

  /**
   * @param documents of the same layout, kept open by the caller
   * @throws InvalidInputException when look-up and documents do not fit
   */
  public LookUpAnswer search(List<OpenDocument> documents, LookUp lookUp) {
    awaitWarm();
    SearchPart whole = SearchPart.start();
    LookUpAnswer answer = searchNow(documents, lookUp);
    whole.end("search", lookUp.layer());
    return answer;
  }

  LookUpAnswer searchNow(List<OpenDocument> documents, LookUp lookUp) {
    DocumentLayout layout = check(documents, lookUp);
    List<LayerView> layers = new ArrayList<>(documents.size());
    for (OpenDocument document : documents) {
      layers.add(document.layer(lookUp.layer()));
    }
    Slots slots = GraphWalk.slots(layers, layout, lookUp);
    if (lookUp.oneStage()) {
      return stageOneAlone(slots, layout, lookUp);
    }
    int[] candidates;
    long searched = 0;
    if (slots.totalTokens() <= lookUp.candidateTokens()) {
      candidates = slots.allSlots();
    } else {
      searched = slots.totalVectors();
      SearchPart stageOne = SearchPart.start();
      float[] order = order(shares(slots, layout, lookUp, null), slots.count(), lookUp.stageOne());
      candidates = slots.best(order, lookUp.candidateTokens());
      Arrays.sort(candidates);
      stageOne.end("search: stage one", lookUp.layer());
    }
    SearchPart stageTwo = SearchPart.start();
    LookUpAnswer answer = stageTwo(slots, candidates, layout, lookUp, searched);
    stageTwo.end("search: stage two", lookUp.layer());
    return answer;
  }

  private DocumentLayout check(List<OpenDocument> documents, LookUp lookUp) {
    if (documents.isEmpty()) {
      throw new InvalidInputException("a search needs at least one document");
    }
    DocumentLayout layout = documents.getFirst().layout();
    for (OpenDocument document : documents) {
      DocumentLayout other = document.layout();
      if (other.layers() != layout.layers()
          || other.queryHeads() != layout.queryHeads()
          || other.kvHeads() != layout.kvHeads()
          || other.headDim() != layout.headDim()
          || other.scoreScale() != layout.scoreScale()) {
        throw new InvalidInputException(
            "documents %s and %s have different layouts and can not be searched together: %s and %s"
                .formatted(documents.getFirst().id(), document.id(), layout, other));
      }
    }
    int n = lookUp.queryCount();
    if (n < 1 || n > limits.mostQueries()) {
      throw new InvalidInputException(
          "query_count must be 1 to %d, not %d".formatted(limits.mostQueries(), n));
    }
    long numbers = (long) layout.queryHeads() * n * layout.headDim();
    if (lookUp.queries().length != numbers) {
      throw new InvalidInputException(
          "queries hold %d numbers; expected %d (float32 [%d, %d, %d])"
              .formatted(
                  lookUp.queries().length, numbers, layout.queryHeads(), n, layout.headDim()));
    }
    for (float number : lookUp.queries()) {
      if (!Float.isFinite(number)) {
        throw new InvalidInputException("queries hold a number that is not finite");
      }
    }
    if (lookUp.candidateTokens() < 1 || lookUp.candidateTokens() > limits.mostCandidateTokens()) {
      throw new InvalidInputException(
          "candidate_tokens must be 1 to %d, not %d"
              .formatted(limits.mostCandidateTokens(), lookUp.candidateTokens()));
    }
    if (lookUp.returnTokens() < 0) {
      throw new InvalidInputException(
          "return_tokens must not be negative, but is " + lookUp.returnTokens());
    }
    return layout;
  }

  // -- stage one
  // ---------------------------------------------------------------------------------------------------

  /**
   * Per head and slot the largest probability over the queries.
   *
   * @param logSums {@code [queryHeads, queryCount]}, or null where they are not asked for
   */
  private float[][] shares(
      Slots slots, DocumentLayout layout, LookUp lookUp, float @Nullable [] logSums) {
    float[][] shares = new float[layout.queryHeads()][slots.count()];
    forEachPart(
        layout,
        lookUp,
        slots.totalVectors(),
        (part, workspace) -> {
          if (part.rows() < MANY_ROWS) {
            int rows = part.loadRows(workspace, true);
            scoreSpans(slots, part, workspace, rows);
            part.takeRows(workspace, slots.count(), shares, logSums);
            return;
          }
          int rows = part.load(workspace, true);
          scoreSpansOfMany(slots, part, workspace, rows);
          softmax(workspace, slots.count(), rows);
          part.take(workspace, slots.count(), rows, shares, logSums);
        });
    return shares;
  }

  /** Per slot the score that stage one ranks by. */
  private static float[] order(float[][] shares, int count, LookUp.StageOne rule) {
    float[] order = new float[count];
    for (float[] share : shares) {
      switch (rule) {
        case SUM -> {
          for (int slot = 0; slot < count; slot++) {
            order[slot] += share[slot];
          }
        }
        case MAX -> {
          for (int slot = 0; slot < count; slot++) {
            order[slot] = Math.max(order[slot], share[slot]);
          }
        }
      }
    }
    return order;
  }

  private LookUpAnswer stageOneAlone(Slots slots, DocumentLayout layout, LookUp lookUp) {
    float[] logSums = new float[layout.queryHeads() * lookUp.queryCount()];
    if (slots.count() == 0) {
      Arrays.fill(logSums, Float.NEGATIVE_INFINITY);
      return new LookUpAnswer(List.of(), logSums, 0, 0);
    }
    float[][] shares = shares(slots, layout, lookUp, logSums);
    int[] best =
        slots.best(order(shares, slots.count(), lookUp.stageOne()), lookUp.candidateTokens());
    List<Candidate> found = new ArrayList<>();
    long returned = 0;
    for (int slot : best) {
      returned += slots.tokens(slot);
      if (lookUp.returnTokens() > 0 && returned > lookUp.returnTokens()) {
        break;
      }
      float[] mass = new float[layout.queryHeads()];
      for (int head = 0; head < mass.length; head++) {
        mass[head] = shares[head][slot];
      }
      found.add(candidate(slots, slot, mass));
    }
    return new LookUpAnswer(List.copyOf(found), logSums, slots.totalVectors(), 0);
  }

  private static Candidate candidate(Slots slots, int slot, float[] mass) {
    LayerView layer = slots.layer(slot);
    int span = slots.span(slot);
    return new Candidate(slots.document(slot), span, layer.start(span), layer.end(span), mass);
  }

  /** The score of each slot for each row, row by row. */
  private static void scoreSpans(Slots slots, Part part, Workspace workspace, int rows) {
    int stride = RowKernel.padded(slots.count());
    int places = slots.places();
    int dim = part.headDim;
    workspace.prepareScores(rows, stride);
    int together = Math.min(rows, Math.max(3, MOST_PRODUCTS / Math.max(1, places)));
    workspace.prepareProducts(together, places);
    for (int first = 0; first < rows; first += together) {
      int from = first;
      int some = Math.min(together, rows - first);
      slots.forEachBlock(
          part.kvHead,
          dim,
          workspace,
          (blocks, block, place) ->
              CodeKernel.multiply(
                  workspace.queries,
                  from * dim,
                  some,
                  dim,
                  blocks,
                  block,
                  workspace.products,
                  place,
                  places));
      for (int row = 0; row < some; row++) {
        slots.largest(workspace.products, row * places, workspace.scores, (first + row) * stride);
      }
    }
  }

  /** The scores of many rows, {@code [slots, rows]}: lanes run over rows. */
  private static void scoreSpansOfMany(Slots slots, Part part, Workspace workspace, int rows) {
    workspace.prepareScores(slots.count(), rows);
    workspace.prepareProducts(rows, SummaryCodes.BLOCK);
    Slots.Cursor cursor = slots.cursor();
    slots.forEachBlock(
        part.kvHead,
        part.headDim,
        workspace,
        (blocks, block, place) -> {
          CodeKernel.decode(blocks, block, part.headDim, workspace.tile);
          RowKernel.multiply(
              workspace.queries,
              rows,
              part.headDim,
              workspace.tile,
              SummaryCodes.BLOCK,
              workspace.products,
              0);
          for (int i = 0; i < SummaryCodes.BLOCK; i++) {
            int slot = cursor.slotAt(place + i);
            if (slot >= 0) {
              RowKernel.fold(
                  workspace.products,
                  i * rows,
                  workspace.scores,
                  slot * rows,
                  rows,
                  cursor.isFirst());
            }
          }
        });
  }

  /** Leaves exponentials in the scores, and per row one over their sum in the sums. */
  private static void softmax(Workspace workspace, int count, int rows) {
    RowKernel.largest(workspace.scores, count, rows, workspace.largest);
    RowKernel.exponentials(workspace.scores, count, rows, workspace.largest, workspace.sums);
    for (int row = 0; row < rows; row++) {
      workspace.sums[row] = 1 / workspace.sums[row];
    }
  }

  // -- stage two
  // ---------------------------------------------------------------------------------------------------

  /**
   * @param candidates slots, in order
   */
  private LookUpAnswer stageTwo(
      Slots slots, int[] candidates, DocumentLayout layout, LookUp lookUp, long searched) {
    int tokens = 0;
    MemorySegment[] keys = new MemorySegment[candidates.length];
    for (int i = 0; i < candidates.length; i++) {
      tokens += slots.tokens(candidates[i]);
      keys[i] = slots.layer(candidates[i]).keys(slots.span(candidates[i]));
    }
    float[][] masses = new float[candidates.length][layout.queryHeads()];
    float[] logSums = new float[layout.queryHeads() * lookUp.queryCount()];
    if (tokens == 0) {
      Arrays.fill(logSums, Float.NEGATIVE_INFINITY);
      return new LookUpAnswer(List.of(), logSums, searched, 0);
    }
    int allTokens = tokens;
    // The largest probability over the queries, per token, needs all queries of a head before it is
    // summed.
    float[][] shares = new float[layout.queryHeads()][allTokens];
    forEachPart(
        layout,
        lookUp,
        allTokens,
        (part, workspace) -> {
          if (part.narrow()) {
            scoreTokensNarrow(slots, candidates, keys, allTokens, part, workspace);
            part.takeRows(workspace, allTokens, shares, logSums);
            return;
          }
          int rows = part.load(workspace, false);
          scoreTokens(slots, candidates, keys, allTokens, part, workspace, rows);
          softmax(workspace, allTokens, rows);
          part.take(workspace, allTokens, rows, shares, logSums);
        });
    int at = 0;
    for (int i = 0; i < candidates.length; i++) {
      int end = at + slots.tokens(candidates[i]);
      for (int head = 0; head < layout.queryHeads(); head++) {
        float mass = 0;
        for (int token = at; token < end; token++) {
          mass += shares[head][token];
        }
        masses[i][head] = mass;
      }
      at = end;
    }
    return answer(slots, candidates, masses, logSums, lookUp, searched, allTokens);
  }

  /** What is done with the keys of some tokens that were put into the tile. */
  private interface TileWork {
    /**
     * @param first position of the first token among all candidate tokens
     */
    void multiply(int first, int count);
  }

  /** Puts the keys of one KV head of all candidates into the tile, part by part, as float32. */
  private static void forEachTile(
      Slots slots,
      int[] candidates,
      MemorySegment[] keys,
      Part part,
      Workspace workspace,
      TileWork work) {
    int at = 0;
    for (int i = 0; i < candidates.length; i++) {
      int spanTokens = slots.tokens(candidates[i]);
      StorageType type = slots.layer(candidates[i]).storageType();
      for (int done = 0; done < spanTokens; done += Workspace.TILE) {
        int count = Math.min(Workspace.TILE, spanTokens - done);
        long offset = ((long) part.kvHead * spanTokens + done) * part.headDim * type.bytes();
        if (type == StorageType.BF16) {
          RowKernel.decodeBf16(keys[i], offset, count * part.headDim, workspace.tile, 0);
        } else {
          MemorySegment.copy(keys[i], FLOAT, offset, workspace.tile, 0, count * part.headDim);
        }
        work.multiply(at + done, count);
      }
      at += spanTokens;
    }
  }

  private static void scoreTokens(
      Slots slots,
      int[] candidates,
      MemorySegment[] keys,
      int tokens,
      Part part,
      Workspace workspace,
      int rows) {
    workspace.prepareScores(tokens, rows);
    forEachTile(
        slots,
        candidates,
        keys,
        part,
        workspace,
        (first, count) ->
            RowKernel.multiply(
                workspace.queries,
                rows,
                part.headDim,
                workspace.tile,
                count,
                workspace.scores,
                first * rows));
  }

  /** Keys of several spans share a tile, so that it is full. */
  private static void scoreTokensNarrow(
      Slots slots,
      int[] candidates,
      MemorySegment[] keys,
      int tokens,
      Part part,
      Workspace workspace) {
    int rows = part.loadRows(workspace, false);
    int stride = RowKernel.padded(tokens);
    workspace.prepareScores(rows, stride);
    int headDim = part.headDim;
    int first = 0;
    int filled = 0;
    for (int i = 0; i < candidates.length; i++) {
      int spanTokens = slots.tokens(candidates[i]);
      StorageType type = slots.layer(candidates[i]).storageType();
      for (int done = 0; done < spanTokens; ) {
        int count = Math.min(Workspace.TILE - filled, spanTokens - done);
        long offset = ((long) part.kvHead * spanTokens + done) * headDim * type.bytes();
        int to = filled * headDim;
        if (type == StorageType.BF16) {
          RowKernel.decodeBf16(keys[i], offset, count * headDim, workspace.tile, to);
        } else {
          MemorySegment.copy(keys[i], FLOAT, offset, workspace.tile, to, count * headDim);
        }
        done += count;
        filled += count;
        if (filled == Workspace.TILE) {
          multiplyNarrow(workspace, rows, headDim, filled, first, stride);
          first += filled;
          filled = 0;
        }
      }
    }
    if (filled > 0) {
      multiplyNarrow(workspace, rows, headDim, filled, first, stride);
    }
  }

  private static void multiplyNarrow(
      Workspace workspace, int rows, int headDim, int count, int first, int stride) {
    NarrowKernel.multiply(
        workspace.queries,
        rows,
        headDim,
        workspace.tile,
        count,
        workspace.partial,
        workspace.scores,
        first,
        stride);
  }

  private static LookUpAnswer answer(
      Slots slots,
      int[] candidates,
      float[][] masses,
      float[] logSums,
      LookUp lookUp,
      long searched,
      int tokens) {
    long[] order = new long[candidates.length];
    for (int i = 0; i < candidates.length; i++) {
      float sum = 0;
      for (float mass : masses[i]) {
        sum += mass;
      }
      order[i] = (long) ~Float.floatToIntBits(sum) << 32 | i;
    }
    Arrays.sort(order);
    List<Candidate> found = new ArrayList<>();
    long returned = 0;
    for (long key : order) {
      int i = (int) key;
      int slot = candidates[i];
      returned += slots.tokens(slot);
      if (lookUp.returnTokens() > 0 && returned > lookUp.returnTokens()) {
        break;
      }
      found.add(candidate(slots, slot, masses[i]));
    }
    return new LookUpAnswer(List.copyOf(found), logSums, searched, tokens);
  }

  // -- parts of the work
  // -------------------------------------------------------------------------------------------

  /** Some queries of some heads that share a KV head. Row {@code head * queries + query}. */
  private static final class Part {

    final int kvHead;
    final int firstHead;
    final int heads;
    final int firstQuery;
    final int queries;
    final int headDim;
    private final float scale;
    private final LookUp lookUp;

    Part(
        DocumentLayout layout,
        LookUp lookUp,
        int firstHead,
        int heads,
        int firstQuery,
        int queries) {
      this.kvHead = firstHead / layout.group();
      this.firstHead = firstHead;
      this.heads = heads;
      this.firstQuery = firstQuery;
      this.queries = queries;
      this.headDim = layout.headDim();
      this.scale = layout.scoreScale();
      this.lookUp = lookUp;
    }

    boolean narrow() {
      return rows() <= NarrowKernel.MOST && NarrowKernel.fits(headDim);
    }

    int rows() {
      return heads * queries;
    }

    /** The scaled query of a row. */
    private float[] scaled(int row, boolean rotated) {
      int from = query(row);
      float[] scaled = Arrays.copyOfRange(lookUp.queries(), from, from + headDim);
      for (int d = 0; d < headDim; d++) {
        scaled[d] *= scale;
      }
      if (rotated) {
        SummaryCodes.rotate(scaled, 0, headDim);
      }
      return scaled;
    }

    /**
     * Puts the scaled queries into the workspace; returns the rows, padded.
     *
     * @param rotated as summary vectors are in their codes
     */
    int load(Workspace workspace, boolean rotated) {
      int rows = RowKernel.padded(rows());
      workspace.prepare(rows, headDim);
      Arrays.fill(workspace.queries, 0, headDim * rows, 0);
      for (int row = 0; row < rows(); row++) {
        float[] query = scaled(row, rotated);
        for (int d = 0; d < headDim; d++) {
          workspace.queries[RowKernel.queryOffset(row, rows, headDim, d)] = query[d];
        }
      }
      return rows;
    }

    /** As {@link #load}, row by row; returns the rows, not padded. */
    int loadRows(Workspace workspace, boolean rotated) {
      workspace.prepare(RowKernel.padded(rows()), headDim);
      for (int row = 0; row < rows(); row++) {
        System.arraycopy(scaled(row, rotated), 0, workspace.queries, row * headDim, headDim);
      }
      return rows();
    }

    /** Where the numbers of a row's query begin. */
    private int query(int row) {
      return ((firstHead + row / queries) * lookUp.queryCount() + firstQuery + row % queries)
          * headDim;
    }

    /**
     * Keeps, per head and item, the largest share over this part's queries.
     *
     * @param shares {@code [queryHeads][items]}
     * @param logSums {@code [queryHeads, queryCount]}, or null where they are not asked for
     */
    void take(
        Workspace workspace, int items, int rows, float[][] shares, float @Nullable [] logSums) {
      for (int head = 0; head < heads; head++) {
        float[] share = shares[firstHead + head];
        int row = head * queries;
        for (int item = 0; item < items; item++) {
          share[item] =
              Math.max(
                  share[item],
                  RowKernel.largestProduct(
                      workspace.scores, item * rows + row, workspace.sums, row, queries));
        }
      }
      if (logSums != null) {
        for (int row = 0; row < heads * queries; row++) {
          logSums[query(row) / headDim] =
              (float) (workspace.largest[row] - Math.log(workspace.sums[row]));
        }
      }
    }

    /** As {@link #take}, where scores lie row by row and are not exponentials yet. */
    void takeRows(Workspace workspace, int items, float[][] shares, float @Nullable [] logSums) {
      int stride = RowKernel.padded(items);
      for (int row = 0; row < heads * queries; row++) {
        float logSum =
            NarrowKernel.largestShares(
                workspace.scores,
                row * stride,
                items,
                workspace.sums,
                shares[firstHead + row / queries]);
        if (logSums != null) {
          logSums[query(row) / headDim] = logSum;
        }
      }
    }
  }

  private interface PartWork {
    void run(Part part, Workspace workspace);
  }

  /**
   * Cuts the look-up into parts and works through them, on other threads too when it is much. Parts
   * of the same head follow each other on the same thread.
   */
  private void forEachPart(DocumentLayout layout, LookUp lookUp, long items, PartWork work) {
    int n = lookUp.queryCount();
    int group = layout.group();
    int headsTogether = n >= MOST_ROWS ? 1 : Math.min(group, MOST_ROWS / n);
    List<Runnable> tasks = new ArrayList<>();
    for (int kvHead = 0; kvHead < layout.kvHeads(); kvHead++) {
      for (int head = 0; head < group; head += headsTogether) {
        int firstHead = kvHead * group + head;
        int heads = Math.min(headsTogether, group - head);
        tasks.add(
            () -> {
              Workspace workspace = borrow();
              try {
                for (int query = 0; query < n; query += MOST_ROWS) {
                  work.run(
                      new Part(
                          layout, lookUp, firstHead, heads, query, Math.min(MOST_ROWS, n - query)),
                      workspace);
                }
              } finally {
                giveBack(workspace);
              }
            });
      }
    }
    long multiplications = items * layout.queryHeads() * n * layout.headDim();
    if (threads == 1 || tasks.size() == 1 || multiplications < WORTH_SHARING) {
      tasks.forEach(Runnable::run);
    } else {
      List<ForkJoinTask<?>> running = new ArrayList<>(tasks.size());
      for (Runnable task : tasks) {
        running.add(pool.submit(task));
      }
      running.forEach(ForkJoinTask::join);
    }
  }

  private Workspace borrow() {
    Workspace workspace = workspaces.poll();
    return workspace == null ? new Workspace() : workspace;
  }

  private void giveBack(Workspace workspace) {
    workspace.trim();
    if (workspaces.size() < 2 * threads) {
      workspaces.push(workspace);
    }
  }

  @Override
  public void close() {
    pool.close();
  }
}
