/**
 * For tests of programs that use Ltri: {@link io.ltri.testing.LtriExtension} starts the real
 * services, in the test's own process, on free ports, over a data folder that is deleted
 * afterwards.
 */
@NullMarked
package io.ltri.testing;

import org.jspecify.annotations.NullMarked;
