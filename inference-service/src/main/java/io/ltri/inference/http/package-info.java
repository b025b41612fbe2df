/**
 * The HTTP face of the inference service: OpenAI's shapes and documents as a resource, and one
 * table from exceptions to statuses. Calls run on virtual threads, one for each request from its
 * beginning to its end.
 */
@NullMarked
package io.ltri.inference.http;

import org.jspecify.annotations.NullMarked;
