/**
 * The gRPC face of the inference service: messages in and out, and one table from exceptions to
 * statuses. Calls run on virtual threads.
 */
@NullMarked
package io.ltri.inference.grpc;

import org.jspecify.annotations.NullMarked;
