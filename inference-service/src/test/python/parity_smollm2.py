"""Makes src/test/resources/parity/smollm2.json: what transformers computes in float32 with the
weights of the default model's GGUF file, dequantised.

    python src/test/python/parity_smollm2.py SmolLM2-135M-Instruct.Q4_1.gguf

Run from inference-service/ with torch, transformers, gguf and numpy. Per prompt:
    tokens   token ids (the model's own tokenizer, made from the file's vocabulary)
    ids      ids of the 64 largest logits after the last token, then 200 other ids (random, fixed)
    logits   of these ids
    greedy   the 64 tokens that follow, always the likeliest (first ten prompts)
    margin   smallest distance of best and second logit over these 64
"""

import json
import pathlib
import sys

import gguf
import numpy as np
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

OUT = pathlib.Path(__file__).resolve().parents[1] / "resources" / "parity"
GREEDY_PROMPTS, GREEDY_TOKENS = 10, 64

QUESTIONS = [
    "What is the capital of France?",
    "Write a haiku about rain.",
    "Explain in two sentences why the sky is blue.",
    "List three uses of a paper clip.",
    "Who wrote Pride and Prejudice?",
    "Translate 'good morning' into Spanish.",
    "What is 17 plus 25?",
    "Give me a name for a black cat and say why.",
    "How do I boil an egg?",
    "Tell me a very short story about a lighthouse.",
]
PASSAGES = [
    "The",
    "Once upon a time, in a village by the sea,",
    "def fibonacci(n):\n    if n < 2:\n        return n\n    return",
    "1, 2, 3, 5, 8, 13,",
    "The mitochondria is the powerhouse of the cell. It produces",
    "Dear Sir or Madam,\n\nI am writing to",
    "Q: Where do penguins live?\nA:",
    "Über den Wolken muss die Freiheit wohl",
    " ".join(f"On day {i} the keeper counted {7 * i % 23} ships and {3 * i % 11} whales." for i in range(1, 25)),
    "\n".join(f"{i} times {i + 3} is {i * (i + 3)}." for i in range(2, 60)) + "\n60 times 63 is",
]


def halves(rows, head_dim):
    """The inverse of what llama.cpp's converter does to query and key rows."""
    return rows.reshape(-1, head_dim // 2, 2, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape)


def tokenizer(reader):
    field = lambda key: reader.fields[key].contents()
    tokens = field("tokenizer.ggml.tokens")
    merges = [tuple(m.split(" ")) for m in field("tokenizer.ggml.merges")]
    result = Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)}, merges))
    result.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    result.decoder = decoders.ByteLevel()
    types = field("tokenizer.ggml.token_type")
    result.add_special_tokens([t for t, kind in zip(tokens, types) if kind == 3])
    return result


def model(reader):
    field = lambda key: reader.fields[key].contents()
    heads, head_dim = int(field("llama.attention.head_count")), int(field("llama.rope.dimension_count"))
    config = transformers.LlamaConfig(
        hidden_size=int(field("llama.embedding_length")),
        num_hidden_layers=int(field("llama.block_count")),
        num_attention_heads=heads,
        num_key_value_heads=int(field("llama.attention.head_count_kv")),
        intermediate_size=int(field("llama.feed_forward_length")),
        vocab_size=len(field("tokenizer.ggml.tokens")),
        rms_norm_eps=float(field("llama.attention.layer_norm_rms_epsilon")),
        rope_theta=float(field("llama.rope.freq_base")),
        max_position_embeddings=int(field("llama.context_length")),
        tie_word_embeddings=True,
        attn_implementation="eager",
    )
    names = {
        "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
        "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
        "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
        "ffn_down": "mlp.down_proj",
    }
    state = {}
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        parts = tensor.name.split(".")
        if parts[0] == "blk":
            if parts[2] in ("attn_q", "attn_k"):
                values = halves(values, head_dim)
            name = f"model.layers.{parts[1]}.{names[parts[2]]}.weight"
        else:
            name = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}[parts[0]]
            name += ".weight"
        state[name] = torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
    if "lm_head.weight" not in state:
        state["lm_head.weight"] = state["model.embed_tokens.weight"]
    result = transformers.LlamaForCausalLM(config).float().eval()
    print(result.load_state_dict(state, strict=True), result.config.rope_parameters)
    return result


def main():
    OUT.mkdir(exist_ok=True)
    torch.set_num_threads(1)
    reader = gguf.GGUFReader(sys.argv[1])
    encode = tokenizer(reader)
    llama = model(reader)
    random = np.random.default_rng(5)
    texts = [
        f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n" for question in QUESTIONS
    ] + PASSAGES
    cases = []
    for at, text in enumerate(texts):
        tokens = encode.encode(text, add_special_tokens=False).ids
        assert encode.decode(tokens, skip_special_tokens=False) == text
        with torch.inference_mode():
            logits = llama(torch.tensor([tokens])).logits[0, -1]
            top = torch.topk(logits, 64).indices.tolist()
            others = [int(i) for i in random.permutation(len(logits)) if i not in top][:200]
            ids = top + others
            case = {"tokens": tokens, "ids": ids, "logits": [float(logits[i]) for i in ids]}
            if at < GREEDY_PROMPTS:
                greedy, margin = [], float("inf")
                cache, following = None, torch.tensor([tokens])
                for _ in range(GREEDY_TOKENS):
                    out = llama(following, past_key_values=cache, use_cache=True)
                    cache = out.past_key_values
                    best = torch.topk(out.logits[0, -1], 2)
                    margin = min(margin, float(best.values[0] - best.values[1]))
                    greedy.append(int(best.indices[0]))
                    following = torch.tensor([[greedy[-1]]])
                case |= {"greedy": greedy, "margin": margin}
                print(margin, repr(encode.decode(greedy, skip_special_tokens=False)))
        cases.append(case)
        print(at, len(tokens), repr(encode.decode(top[:1])))
    (OUT / "smollm2.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
