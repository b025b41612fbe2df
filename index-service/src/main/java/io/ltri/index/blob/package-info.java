/**
 * A place that all nodes of a cluster reach, in which bytes lie under keys: a shared folder, or
 * anything that speaks S3. Knows nothing of documents.
 *
 * <p>Keys are names between slashes. What is put is there as a whole or not at all, and durable
 * when the call returns; who reads a key directly sees the last put that was answered. A list may
 * be behind.
 */
@NullMarked
package io.ltri.index.blob;

import org.jspecify.annotations.NullMarked;
