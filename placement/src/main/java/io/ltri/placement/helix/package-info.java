/** {@link io.ltri.placement.Placement} on Apache Helix and ZooKeeper. */
@NullMarked
package io.ltri.placement.helix;

import org.jspecify.annotations.NullMarked;
