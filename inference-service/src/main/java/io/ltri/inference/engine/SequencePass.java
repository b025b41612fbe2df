package io.ltri.inference.engine;

import io.ltri.edge.watch.Carried;
import io.ltri.inference.attention.SequenceMemory;
import io.ltri.inference.tensor.Decoder;
import io.ltri.inference.tensor.Step;
import io.ltri.inference.tensor.StepBatch;
import io.ltri.inference.tensor.StepPart;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One chunk or one decode step of one sequence on its way through the layers. Made by the thread
 * that wants it, run by the compute thread.
 */
final class SequencePass implements WorkQueue.Pass {
  private final Decoder decoder;
  private final SequenceMemory memory;
  private final int[] tokens;
  private final boolean logits;
  private final String tenant;
  private final boolean reads;
  private final BooleanSupplier goesOn;
  private final CompletableFuture<float @Nullable []> result = new CompletableFuture<>();

  /** Runs {@link #work} for the request that made this. */
  private final Callable<@Nullable Void> carried;

  private Runnable work = () -> {};
  private @Nullable Step step;

  /** As which it goes in a batch, and the batch closes it. */
  private @Nullable Step batched;

  /** From the first slice to the last. */
  private @Nullable StepPart whole;

  private int layer;

  /** Whether attention of the layer is done, and the rest of it is not. */
  private boolean attended;

  private final long made = System.nanoTime();
  private boolean begun;

  /**
   * @param tokens those that follow the memory's text
   * @param logits are they wanted?
   * @param tenant on whose behalf
   * @param reads a document is read, and nobody waits for an answer
   * @param goesOn asked before each slice of a chunk; false: it is given up, and the result is null
   */
  SequencePass(
      Decoder decoder,
      SequenceMemory memory,
      int[] tokens,
      boolean logits,
      String tenant,
      boolean reads,
      BooleanSupplier goesOn) {
    this.decoder = decoder;
    this.memory = memory;
    this.tokens = tokens;
    this.logits = logits;
    this.tenant = tenant;
    this.reads = reads;
    this.goesOn = goesOn;
    this.carried =
        Carried.task(
            () -> {
              work.run();
              return null;
            });
  }

  @Override
  public String tenant() {
    return tenant;
  }

  @Override
  public Object sequence() {
    return memory;
  }

  @Override
  public int tokens() {
    return tokens.length;
  }

  @Override
  public boolean reads() {
    return reads;
  }

  @Override
  public boolean isReady() {
    return step == null || attended || memory.isAnswered(layer);
  }

  /** Logits of the last token, [vocabulary]; empty if not wanted; null if given up. */
  CompletableFuture<float @Nullable []> result() {
    return result;
  }

  /** How many sequences of this model can go together. */
  int mostTogether() {
    return decoder.mostTogether();
  }

  /**
   * @return since this was made, the first time; afterwards negative
   */
  long waited() {
    if (begun) {
      return -1;
    }
    begun = true;
    return System.nanoTime() - made;
  }

  /**
   * A chunk's next halves of layers.
   *
   * @return whether that was the last of it
   */
  boolean slice(int halves) {
    try {
      under(() -> advance(halves, false));
    } catch (Throwable e) {
      fail(e);
    }
    return result.isDone();
  }

  /**
   * @param waits for the index, where its answer is not there
   */
  private void advance(int halves, boolean waits) {
    if (!goesOn.getAsBoolean()) {
      finish(null);
      return;
    }
    Step running = step;
    if (running == null) {
      whole = StepPart.start();
      running = decoder.begin(tokens);
      step = running;
      memory.begin(running);
      memory.project(running, 0);
    }
    for (int i = 0; i < halves && layer < running.layers(); i++) {
      if (attended) {
        running.feed();
        attended = false;
        layer++;
        if (layer < running.layers()) {
          memory.project(running, layer);
        }
      } else if (i > 0 && !waits && !memory.isAnswered(layer)) {
        return;
      } else {
        memory.attend(running, layer);
        attended = true;
      }
    }
    if (layer == running.layers()) {
      memory.end(running);
      finish(logits ? running.logits() : new float[0]);
    }
  }

  private void finish(float @Nullable [] last) {
    Step running = step;
    if (running != null) {
      running.close();
    }
    if (whole != null) {
      whole.end("step", -1, tokens.length);
    }
    result.complete(last);
  }

  void fail(Throwable e) {
    Step running = step;
    if (running != null) {
      running.close();
    }
    result.completeExceptionally(e);
  }

  /** All layers, without company. */
  private void allLayers() {
    try {
      under(() -> advance(Integer.MAX_VALUE, true));
    } catch (Throwable e) {
      fail(e);
    }
  }

  private void under(Runnable work) {
    this.work = work;
    try {
      carried.call();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** Does a part of the step; if that fails, the result is the failure. */
  private void run(Part part) {
    try {
      under(() -> part.run(this));
    } catch (Throwable e) {
      result.completeExceptionally(e);
    }
  }

  /** Does it for each, in several threads where the batch has them. */
  private static void each(StepBatch batch, List<SequencePass> passes, Part part) {
    batch.each(passes.size(), i -> passes.get(i).run(part));
  }

  /** Who has failed drops out, and the others go on. */
  private static void dropFailed(List<SequencePass> passes) {
    passes.removeIf(pass -> pass.result.isCompletedExceptionally());
  }

  private interface Part {
    void run(SequencePass pass);
  }

  /** Decode steps of several sequences, of one model each. */
  static void together(List<SequencePass> passes) {
    if (passes.size() == 1) {
      passes.getFirst().allLayers();
      return;
    }
    StepPart whole = StepPart.start();
    List<SequencePass> left = new ArrayList<>(passes);
    Decoder decoder = passes.getFirst().decoder;
    int[] tokens = passes.stream().mapToInt(pass -> pass.tokens[0]).toArray();
    try (StepBatch batch = decoder.beginTogether(tokens)) {
      List<Step> steps = batch.steps();
      for (int i = 0; i < steps.size(); i++) {
        passes.get(i).batched = steps.get(i);
      }
      left.forEach(pass -> pass.run(p -> p.memory.begin(p.row())));
      dropFailed(left);
      int layers = steps.getFirst().layers();
      for (int l = 0; l < layers && !left.isEmpty(); l++) {
        int layer = l;
        batch.project(layer);
        // All look-ups of the layer are on their way before the first is waited for. One sequence
        // goes ahead: what it computes for all, all threads are free to compute.
        Part projecting = pass -> pass.memory.project(pass.row(), layer);
        left.getFirst().run(projecting);
        each(batch, left.subList(1, left.size()), projecting);
        dropFailed(left);
        each(batch, left, pass -> pass.memory.attend(pass.row(), layer));
        dropFailed(left);
        batch.feed(layer);
      }
      left.forEach(pass -> pass.run(p -> p.memory.end(p.row())));
      dropFailed(left);
      left.forEach(
          pass -> pass.run(p -> p.result.complete(p.logits ? p.row().logits() : new float[0])));
    } catch (Throwable e) {
      left.forEach(pass -> pass.result.completeExceptionally(e));
    } finally {
      whole.end("step", -1, passes.size());
    }
  }

  private Step row() {
    Step own = batched;
    if (own == null) {
      throw new IllegalStateException("the pass is in no batch");
    }
    return own;
  }
}
