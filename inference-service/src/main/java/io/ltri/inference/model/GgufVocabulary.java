package io.ltri.inference.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The tokenizer as the metadata of a GGUF file holds it (keys {@code tokenizer.ggml.*} and {@code
 * tokenizer.chat_template}).
 *
 * @param model {@code tokenizer.ggml.model}; "gpt2" is byte-level BPE
 * @param pre {@code tokenizer.ggml.pre}, names the pre-tokenizer ("smollm", "qwen2", "llama-bpe",
 *     ...); "default" if absent
 * @param tokens piece per token id, in the byte-level alphabet
 * @param merges "left right", best first
 * @param types per token id: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte;
 *     empty if absent
 * @param bos -1 if absent, as eos and unknown
 */
public record GgufVocabulary(
    String model,
    String pre,
    List<String> tokens,
    List<String> merges,
    List<Integer> types,
    int bos,
    int eos,
    int unknown,
    boolean addBos,
    boolean addEos,
    @Nullable String chatTemplate) {}
