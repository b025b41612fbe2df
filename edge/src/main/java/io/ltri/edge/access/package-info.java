/**
 * Who may call a service: tokens, the file that lists them, one rule per method, TLS with
 * certificates that are read again when they change. Used by both services and by the command line;
 * knows gRPC, and neither documents nor models. Everything here may be used by many threads.
 */
@NullMarked
package io.ltri.edge.access;

import org.jspecify.annotations.NullMarked;
