/**
 * What a model is: its configuration, its weights read over memory maps, its tokenizer and its chat
 * template.
 *
 * <p>{@link io.ltri.inference.model.ModelFiles} opens a Hugging Face folder or a GGUF file as a
 * {@link io.ltri.inference.model.ModelSource}, which owns the memory maps until it is closed;
 * {@link io.ltri.inference.model.HubDownload} brings a folder here first. Everything in a file is
 * distrusted: what is wrong with it becomes a {@link io.ltri.inference.model.ModelFileException}.
 * The engine and the start of the service call in here; nothing here knows of either. Opened models
 * may be read by many threads; decoding large tensors uses the common pool.
 */
@NullMarked
package io.ltri.inference.model;

import org.jspecify.annotations.NullMarked;
