/**
 * The only package that touches DJL and TorchScript: layer programs, native memory, device and
 * precision.
 *
 * <p>{@code attention} and {@code engine} call it through {@link io.ltri.inference.tensor.Decoder},
 * {@link io.ltri.inference.tensor.Step} and {@link io.ltri.inference.tensor.KvArena}; tensors never
 * leave. A decoder is shared by all threads, a step and an arena belong to one thread at a time.
 * Whoever opens one of the three closes it: steps and arenas before their decoder. The memory of an
 * arena is Java's, and holds what attention uses to the last bit, so that it may be stored, moved
 * and read back.
 */
@NullMarked
package io.ltri.inference.tensor;

import org.jspecify.annotations.NullMarked;
