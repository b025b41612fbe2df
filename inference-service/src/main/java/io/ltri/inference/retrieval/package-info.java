/**
 * The port to an index and what stands on the inference side of it: the gRPC adapter, look-up
 * streams with deadlines, the circuit breaker that every call passes, and the cache of blocks.
 * Called by {@code attention} (look-ups, blocks, spans that leave the model) and by {@code engine}
 * (documents and their tails). Knows spans, not models.
 *
 * <p>A {@link io.ltri.inference.retrieval.SpanIndex} and a {@link
 * io.ltri.inference.retrieval.BlockCache} may be used from any thread; a {@link
 * io.ltri.inference.retrieval.LookupStream} belongs to one sequence and one thread at a time.
 * Blocks are heap memory, immutable once made.
 */
@NullMarked
package io.ltri.inference.retrieval;

import org.jspecify.annotations.NullMarked;
