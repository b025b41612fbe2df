/**
 * The tasks of the benchmarks: RULER, needle in a haystack, passkey and number, planted facts,
 * InfiniteBench. A {@link io.ltri.evaluation.task.Task} makes {@link
 * io.ltri.evaluation.task.Sample}s of a wanted length; it knows no model but the token counter it
 * is given, and no service. How an answer is scored is the business of {@code
 * io.ltri.evaluation.score}.
 *
 * <p>Tasks are immutable and may be used by several threads if their token counter may.
 */
@NullMarked
package io.ltri.evaluation.task;

import org.jspecify.annotations.NullMarked;
