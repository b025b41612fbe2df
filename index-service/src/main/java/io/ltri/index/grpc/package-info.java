/**
 * The gRPC face of the index service: translates between messages and the store and search, and
 * maps exceptions to statuses in one place ({@link io.ltri.index.grpc.Statuses}).
 *
 * <p>Called by gRPC; knows store and search. Bytes of requests are read where gRPC has put them and
 * are not kept. Bytes of answers are copied out of the mappings, so a document is borrowed only
 * while a message of it is made.
 *
 * <p>Threads: calls run on virtual threads and may wait; what is sent waits for the reader, never
 * for a buffer.
 */
@NullMarked
package io.ltri.index.grpc;

import org.jspecify.annotations.NullMarked;
