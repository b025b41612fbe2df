/** The gRPC face of the index service. */
@NullMarked
package io.ltri.index.grpc;

import org.jspecify.annotations.NullMarked;
