/** Two-stage look-up: summary vectors, then the spans' own keys. */
@NullMarked
package io.ltri.index.search;

import org.jspecify.annotations.NullMarked;
