/**
 * Documents on disk: manifest, span tables, block files, vectors, tail; how they are appended to,
 * sealed, verified and deleted.
 *
 * <p>Called by the search and by the gRPC face; knows neither. Everything that changes the disk
 * goes through {@link io.ltri.index.store.FileLayer}.
 *
 * <p>Memory: every document that is open owns the mappings of its files. Readers borrow them
 * through a {@link io.ltri.index.store.OpenDocument}, which must be closed; the mappings go when
 * the document was deleted or the store closed, and the last reader has left. What is kept on the
 * heap does not grow with the length of a document, but for one bit per block part.
 *
 * <p>Threads: everything public may be called from any thread. Appends and seals of one document
 * take turns; readers never wait for them.
 */
@NullMarked
package io.ltri.index.store;

import org.jspecify.annotations.NullMarked;
