/**
 * Many index nodes as one index. {@link io.ltri.inference.retrieval.cluster.ClusterSpanIndex} is
 * the same port as that of one node; which node serves what it hears from the placement.
 */
@NullMarked
package io.ltri.inference.retrieval.cluster;

import org.jspecify.annotations.NullMarked;
