/**
 * How outputs are scored and scores are summed up. Official scorers follow the benchmarks' own
 * code, quirks included; where one is brittle, a lenient one stands beside it. Pure functions, for
 * any number of threads.
 */
@NullMarked
package io.ltri.evaluation.score;

import org.jspecify.annotations.NullMarked;
