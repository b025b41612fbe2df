/**
 * The paper (Ltri-LLM, arXiv 2412.04757): how a layer's own attention cuts a text into spans, and
 * by which vectors a span is found again. Read in this order: {@link io.ltri.inference.span.Band}
 * (the part of the attention map that is needed), {@link io.ltri.inference.span.TriangleScores}
 * (how well a run of tokens holds together), {@link io.ltri.inference.span.Segmentation} (from
 * scores to spans), {@link io.ltri.inference.span.IndexVectors} (votes, confidence, static and
 * dynamic vectors). {@link io.ltri.inference.span.Segmenter} is what callers use: by a setting it
 * stands for that segmentation or for one to compare it with.
 *
 * <p>Plain arrays and pure functions: no Spring, no gRPC, no DJL, nothing else of this project. Any
 * package may call it; {@code attention} does, once per layer and chunk. The only state is {@code
 * Band} and {@code TokenSignal}, on the heap, owned by the sequence's policy and used by one thread
 * at a time; everything else may be called from any thread. Native memory is only read ({@link
 * io.ltri.inference.span.KeySource}, {@code Band.append}), during the call, and stays the caller's.
 *
 * <p>Tokens are named by their text position. What the public parts of the paper leave open is
 * decided here, and each class says where.
 */
@NullMarked
package io.ltri.inference.span;

import org.jspecify.annotations.NullMarked;
