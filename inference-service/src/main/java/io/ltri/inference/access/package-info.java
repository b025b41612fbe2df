/**
 * Who calls the inference service, and what each may: {@link io.ltri.inference.access.Caller} for
 * every face, one table from methods to scopes, limits per tenant. The faces put a caller into the
 * gRPC context of the thread, the engine asks for it wherever a document or a tenant is named.
 */
@NullMarked
package io.ltri.inference.access;

import org.jspecify.annotations.NullMarked;
