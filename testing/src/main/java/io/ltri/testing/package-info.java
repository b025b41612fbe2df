/** A JUnit extension that starts the real services on free ports. */
@NullMarked
package io.ltri.testing;

import org.jspecify.annotations.NullMarked;
