/** Documents on disk: manifest, span tables, block files, Lucene vectors, tail; seal and verify. */
@NullMarked
package io.ltri.index.store;

import org.jspecify.annotations.NullMarked;
