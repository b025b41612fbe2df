/** The port to an index, its gRPC adapter and the span cache. */
@NullMarked
package io.ltri.inference.retrieval;

import org.jspecify.annotations.NullMarked;
