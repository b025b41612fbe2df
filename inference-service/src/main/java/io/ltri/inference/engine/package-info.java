/** Sequences: chunked prefill, decode, sampling, documents. */
@NullMarked
package io.ltri.inference.engine;

import org.jspecify.annotations.NullMarked;
