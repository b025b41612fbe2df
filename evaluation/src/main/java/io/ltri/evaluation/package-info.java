/** Measures how good the answers are: {@code ./ltri eval}. */
@NullMarked
package io.ltri.evaluation;

import org.jspecify.annotations.NullMarked;
