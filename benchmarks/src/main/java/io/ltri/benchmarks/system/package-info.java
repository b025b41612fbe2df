/**
 * What is measured, and how: the services as they are started for a user, a peer beside them, the
 * machine's own limit. Everything that is started here ends with the run, also when it is cut off.
 * One thread measures; where several answers are made at once, each has a thread of its own.
 */
@NullMarked
package io.ltri.benchmarks.system;

import org.jspecify.annotations.NullMarked;
