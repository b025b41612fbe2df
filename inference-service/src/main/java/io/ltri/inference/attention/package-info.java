/** What a layer attends to: policies behind one interface. */
@NullMarked
package io.ltri.inference.attention;

import org.jspecify.annotations.NullMarked;
