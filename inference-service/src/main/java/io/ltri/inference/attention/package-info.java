/**
 * What a layer attends to: the policies ({@code full}, {@code streaming}, {@code ltri}, and the
 * baselines {@code infllm} and {@code oracle}) behind {@link
 * io.ltri.inference.attention.SequenceMemory}, and the resident keys and values of each layer.
 *
 * <p>A memory belongs to one sequence and is used by one thread at a time; it owns native memory
 * and must be closed. Only the sending of closed spans to the index happens on other threads, and
 * is waited for before the layer is used again.
 */
@NullMarked
package io.ltri.inference.attention;

import org.jspecify.annotations.NullMarked;
