/**
 * Which index node serves which documents. {@link io.ltri.placement.Placement} is what those who
 * ask look at, {@link io.ltri.placement.Membership} what a node holds; the package {@code helix}
 * implements both on Apache Helix and ZooKeeper. Knows nothing of what a document is but its id.
 */
@NullMarked
package io.ltri.placement;

import org.jspecify.annotations.NullMarked;
