/**
 * Where a decode step's time goes: recordings of Java Flight Recorder in both services, begun and
 * ended from outside, and what they add up to. One thread.
 */
@NullMarked
package io.ltri.benchmarks.profile;

import org.jspecify.annotations.NullMarked;
