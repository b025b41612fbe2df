/**
 * {@code ./ltri bench}: speed and memory of the system by the length of the text, beside a peer,
 * and of its kernels. {@code figure} holds what comes out, {@code system} measures the services,
 * {@code profile} looks into a decode step, {@code plot} draws, {@code kernel} are JMH benchmarks.
 * Nothing knows this module.
 */
@NullMarked
package io.ltri.benchmarks;

import org.jspecify.annotations.NullMarked;
