"""Makes the tiny random models under src/test/resources/models/ and their reference logits.

Run from inference-service/ with torch, transformers, tokenizers, safetensors, gguf and numpy:

    python src/test/python/tiny_models.py

Every folder is a Hugging Face folder plus
    reference.json  token ids, shapes, and the inverse frequencies that transformers computed
    logits.bin      float32 little endian, [tokens, vocabulary], row-major: transformers' logits in
                    float32 arithmetic, eager attention, whatever the stored dtype of the weights
"""

import json
import pathlib
import shutil

import gguf
import numpy as np
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

VOCABULARY = 288
TOKENS = 80
OUT = pathlib.Path(__file__).resolve().parents[1] / "resources" / "models"

TEXT = (
    "The quick brown fox jumps over the lazy dog. A key and a value for every token that was read. "
    "What leaves the window is found again in the index when a query asks for it. 0123456789\n"
) * 4

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tokenizer():
    result = Tokenizer(models.BPE())
    result.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    result.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    result.train_from_iterator([TEXT], trainer)
    return result


def save(name, model, dtype, shard_size=None):
    folder = OUT / name
    if folder.exists():
        shutil.rmtree(folder)
    torch.manual_seed(sum(name.encode()))
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            if "norm" in parameter_name:
                parameter.copy_(1 + 0.2 * torch.randn_like(parameter))
            else:
                parameter.copy_(0.15 * torch.randn_like(parameter))
    model = model.to(dtype)
    arguments = {"max_shard_size": shard_size} if shard_size else {}
    model.generation_config.eos_token_id = [2, 0]
    model.generation_config.bos_token_id = 1
    model.save_pretrained(folder, **arguments)
    tokenizer_file = tokenizer()
    tokenizer_file.save(str(folder / "tokenizer.json"), pretty=False)
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"}, indent=1) + "\n"
    )
    (folder / "chat_template.jinja").write_text(TEMPLATE)

    # Read back: casting the model in place would round its inverse frequencies to the stored dtype.
    model = type(model).from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    ids = np.random.default_rng(7).integers(0, VOCABULARY, TOKENS).tolist()
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0]
    logits.numpy().astype("<f4").tofile(folder / "logits.bin")
    reference = {
        "tokens": ids,
        "logits": list(logits.shape),
        "inverseFrequencies": model.model.rotary_emb.inv_freq.double().tolist(),
        "transformers": transformers.__version__,
    }
    (folder / "reference.json").write_text(json.dumps(reference) + "\n")
    print(name, sum(f.stat().st_size for f in folder.iterdir()), "bytes", logits.std().item())
    return model


def permute(weight, heads):
    """What llama.cpp's converter does to query and key rows of the Llama family."""
    shape = weight.shape
    return (
        weight.reshape(heads, 2, shape[0] // heads // 2, *shape[1:]).swapaxes(1, 2).reshape(shape)
    )


def save_gguf(folder_name, model, family, architecture, types):
    """A model as llama.cpp's converter lays it out: query and key rows permuted (Llama only), Llama 3
    rope scaling as divisors in rope_freqs.weight, an output projection only if it is not tied.

    types: GGML type per tensor name without "blk.N." and without ".weight"; others stay float32.
    """
    folder = OUT / folder_name
    folder.mkdir(exist_ok=True)
    path = folder / (folder_name.removesuffix("-gguf") + ".gguf")
    config = model.config
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer = gguf.GGUFWriter(path, family)
    writer.add_name(folder_name)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    if family == "qwen3":
        writer.add_key_length(head_dim)
        writer.add_value_length(head_dim)
    else:
        writer.add_rope_dimension_count(head_dim)
    theta = config.rope_parameters["rope_theta"]
    writer.add_rope_freq_base(theta)
    if config.rope_parameters["rope_type"] == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(config.rope_parameters["factor"])
    writer.add_vocab_size(config.vocab_size)
    data = json.loads(tokenizer().to_str())
    vocabulary = sorted(data["model"]["vocab"].items(), key=lambda entry: entry[1])
    tokens = [piece for piece, _ in vocabulary]
    special = {token["content"] for token in data["added_tokens"]}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([3 if piece in special else 1 for piece in tokens])
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in data["model"]["merges"]]
    writer.add_token_merges(merges)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)

    names = gguf.get_tensor_name_map(architecture, config.num_hidden_layers)
    for name, tensor in model.state_dict().items():
        array = tensor.float().numpy()
        if family == "llama" and ".q_proj." in name:
            array = permute(array, config.num_attention_heads)
        if family == "llama" and ".k_proj." in name:
            array = permute(array, config.num_key_value_heads)
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        mapped = names.get_name(name, try_suffixes=(".weight", ".bias"))
        stored = types.get(mapped.split(".")[-2] if mapped.endswith(".weight") else "")
        array = np.ascontiguousarray(array)
        if stored is None or array.ndim == 1:
            writer.add_tensor(mapped, array)
        else:
            writer.add_tensor(mapped, gguf.quants.quantize(array, stored), raw_dtype=stored)
    if config.rope_parameters["rope_type"] == "llama3":
        base = 1.0 / theta ** (np.arange(0, head_dim, 2) / head_dim)
        actual = model.model.rotary_emb.inv_freq.double().numpy()
        writer.add_tensor("rope_freqs.weight", (base / actual).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    print(path.name, path.stat().st_size, "bytes")


def main():
    shared = dict(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        bos_token_id=1,
        eos_token_id=2,
        attn_implementation="eager",
    )
    llama = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            **shared,
            tie_word_embeddings=False,
            rms_norm_eps=1e-5,
            rope_parameters={
                "rope_type": "llama3",
                "rope_theta": 10000.0,
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 64,
            },
        )
    )
    model = save("tiny-llama", llama, torch.float32)
    save_gguf("tiny-llama-gguf", model, "llama", gguf.MODEL_ARCH.LLAMA, {})
    quantised = gguf.GGMLQuantizationType
    types = {
        "token_embd": quantised.Q8_0,
        "attn_q": quantised.Q8_0,
        "attn_k": quantised.Q4_1,
        "attn_v": quantised.Q5_1,
        "attn_output": quantised.Q5_0,
        "ffn_gate": quantised.Q4_0,
        "ffn_up": quantised.F16,
        "ffn_down": quantised.BF16,
    }
    save_gguf("tiny-llama-quantised-gguf", model, "llama", gguf.MODEL_ARCH.LLAMA, types)

    qwen2 = transformers.Qwen2ForCausalLM(
        transformers.Qwen2Config(
            **shared,
            tie_word_embeddings=True,
            rms_norm_eps=1e-6,
            rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
        )
    )
    model = save("tiny-qwen2", qwen2, torch.bfloat16)
    everything = ("token_embd", "output", "attn_q", "attn_k", "attn_v", "attn_output") + (
        "ffn_gate",
        "ffn_up",
        "ffn_down",
    )
    types = dict.fromkeys(everything, quantised.BF16)
    save_gguf("tiny-qwen2-gguf", model, "qwen2", gguf.MODEL_ARCH.QWEN2, types)

    qwen3 = transformers.Qwen3ForCausalLM(
        transformers.Qwen3Config(
            **shared,
            head_dim=16,
            tie_word_embeddings=False,
            rms_norm_eps=1e-6,
            rope_parameters={"rope_type": "linear", "rope_theta": 10000.0, "factor": 2.0},
        )
    )
    model = save("tiny-qwen3", qwen3, torch.float16, shard_size="40KB")
    types = dict.fromkeys(everything, quantised.F16)
    save_gguf("tiny-qwen3-gguf", model, "qwen3", gguf.MODEL_ARCH.QWEN3, types)


if __name__ == "__main__":
    main()
