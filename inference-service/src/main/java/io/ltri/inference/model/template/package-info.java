/**
 * Chat templates: a renderer for the part of Jinja that the chat templates of published models use,
 * and the cut of a rendered conversation into what stands before and after a document.
 *
 * <p>The model loader parses, the engine renders. Everything here is immutable, holds no native
 * memory, and may be used from any thread.
 */
@NullMarked
package io.ltri.inference.model.template;

import org.jspecify.annotations.NullMarked;
