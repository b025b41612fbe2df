/** The gRPC face of the inference service. */
@NullMarked
package io.ltri.inference.grpc;

import org.jspecify.annotations.NullMarked;
