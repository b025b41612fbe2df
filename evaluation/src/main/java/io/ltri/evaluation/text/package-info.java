/**
 * Where the texts of the benchmarks come from: natural prose from a file ({@link
 * io.ltri.evaluation.text.Haystack}), generated prose, noise lines, word lists and seeded draws.
 * Everything here is immutable except {@link io.ltri.evaluation.text.Draw}, which belongs to one
 * thread. Knows no task and no service; {@link io.ltri.evaluation.text.HaystackFetch} alone starts
 * other programs.
 */
@NullMarked
package io.ltri.evaluation.text;

import org.jspecify.annotations.NullMarked;
