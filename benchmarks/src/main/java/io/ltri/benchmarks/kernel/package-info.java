/**
 * JMH benchmarks of single kernels, for who changes one of them: {@code ./ltri bench kernels}. No
 * test runs them; they compile with the rest.
 */
@NullMarked
package io.ltri.benchmarks.kernel;

import org.jspecify.annotations.NullMarked;
