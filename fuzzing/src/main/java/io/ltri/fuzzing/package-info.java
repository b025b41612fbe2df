/**
 * Damaged input for everything that reads bytes from outside. Tests of all modules use it, services
 * do not. A {@link io.ltri.fuzzing.Fuzzed} reader runs in the tests on mutated seeds, a bounded
 * number of them, and for longer under Jazzer, which is guided by coverage ({@code fuzzing/long}).
 */
@NullMarked
package io.ltri.fuzzing;

import org.jspecify.annotations.NullMarked;
