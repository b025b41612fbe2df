/**
 * What is seen of a service from outside: figures for Prometheus, liveness and readiness, the id of
 * a request in every log line, traces. Used by both services; knows gRPC and Micrometer, and
 * nothing of documents.
 */
@NullMarked
package io.ltri.edge.watch;

import org.jspecify.annotations.NullMarked;
