/**
 * The Java client library over the gRPC API of the inference service: read documents, ask, list,
 * delete.
 *
 * <p>Anyone may use it; it knows nothing of the command line beside it. {@link
 * io.ltri.client.LtriClient} owns its channel unless it was given one, and everything else here is
 * an immutable value. No native memory. All calls block the calling thread, which may be a virtual
 * one; a client may be shared by any number of threads.
 */
@NullMarked
package io.ltri.client;

import org.jspecify.annotations.NullMarked;
