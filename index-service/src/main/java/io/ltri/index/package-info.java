/**
 * The index service: a Spring Boot application that starts store, search and gRPC face. {@link
 * io.ltri.index.IndexApplication} may be started by its {@code main} or, in a test, inside any JVM;
 * there is no static state.
 */
@NullMarked
package io.ltri.index;

import org.jspecify.annotations.NullMarked;
