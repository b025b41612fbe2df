/**
 * From text to token ids and back: byte-level BPE over the native Hugging Face tokenizers, built
 * from a {@code tokenizer.json} or from the vocabulary of a GGUF file.
 *
 * <p>The engine and the model loader call it. A {@link io.ltri.inference.model.tokenizer.Tokenizer}
 * owns native memory until it is closed and may be used from any number of threads; a {@link
 * io.ltri.inference.model.tokenizer.TokenStream} and a {@link
 * io.ltri.inference.model.tokenizer.StreamingDecoder} belong to one thread at a time. The native
 * library is unpacked once to a cache folder, which the environment variables {@code
 * ENGINE_CACHE_DIR} and {@code DJL_CACHE_DIR} place.
 */
@NullMarked
package io.ltri.inference.model.tokenizer;

import org.jspecify.annotations.NullMarked;
