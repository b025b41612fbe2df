/**
 * The two-stage look-up (see {@link io.ltri.index.search.SpanSearch}): summary vectors find the
 * spans that may matter, the spans' own keys decide.
 *
 * <p>Called by the gRPC face and by tests; knows the store, through open documents that the caller
 * keeps open until the answer has come.
 *
 * <p>Memory: scratch arrays belong to {@link io.ltri.index.search.Workspace}s, of which there are
 * few, reused from search to search. Vectors and keys are read where the store has mapped them.
 *
 * <p>Threads: a search may be called from any thread; with many queries it spreads over the threads
 * of its pool. What comes out does not depend on how many there are.
 */
@NullMarked
package io.ltri.index.search;

import org.jspecify.annotations.NullMarked;
