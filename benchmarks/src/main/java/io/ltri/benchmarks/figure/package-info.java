/**
 * The figures of a run: what was timed, and what is computed of it. Immutable values for any
 * thread; {@link io.ltri.benchmarks.figure.ResultFile} writes them as JSON. Knows neither services
 * nor plots.
 */
@NullMarked
package io.ltri.benchmarks.figure;

import org.jspecify.annotations.NullMarked;
