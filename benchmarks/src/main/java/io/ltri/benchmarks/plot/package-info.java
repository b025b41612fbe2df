/** Pictures of results. Knows the figures, and nothing of how they were measured. */
@NullMarked
package io.ltri.benchmarks.plot;

import org.jspecify.annotations.NullMarked;
