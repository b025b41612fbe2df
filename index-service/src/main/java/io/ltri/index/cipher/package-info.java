/**
 * Encryption of what lies on the disk: keys of tenants, the data key of a document wrapped by one
 * of them, and parts encrypted with that. Knows nothing of documents but their names.
 *
 * <p>Called by the store. Everything here may be called from any thread.
 */
@NullMarked
package io.ltri.index.cipher;

import org.jspecify.annotations.NullMarked;
