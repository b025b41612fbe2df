/**
 * Sequences: reading documents in chunks, answering, sampling. Called by the faces ({@code grpc});
 * knows every other package of the service.
 *
 * <p>Everything that touches the model runs on the one {@link
 * io.ltri.inference.engine.ComputeThread}, a chunk or a decode step at a time, so that several
 * requests share it fairly. Texts being received lie in files, not in memory.
 */
@NullMarked
package io.ltri.inference.engine;

import org.jspecify.annotations.NullMarked;
