/** The inference service: its settings, and how its rooms are put together. */
@NullMarked
package io.ltri.inference;

import org.jspecify.annotations.NullMarked;
