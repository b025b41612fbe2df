/** Both services in one process. */
@NullMarked
package io.ltri.allinone;

import org.jspecify.annotations.NullMarked;
