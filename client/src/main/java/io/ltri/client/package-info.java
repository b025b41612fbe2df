/** The Java client library over the gRPC API. */
@NullMarked
package io.ltri.client;

import org.jspecify.annotations.NullMarked;
