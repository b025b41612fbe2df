/**
 * A node among several that share one library of documents: its sealed documents are published to a
 * blob store, and those of the shards that it is given are brought here. Knows the store, the blob
 * store and the placement; how the whole fits together is in {@code docs/cluster.md}.
 */
@NullMarked
package io.ltri.index.cluster;

import org.jspecify.annotations.NullMarked;
