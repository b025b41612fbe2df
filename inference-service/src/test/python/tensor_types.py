"""Makes src/test/resources/tensor-types/: random blocks of every GGML type that is read, and what
the gguf package dequantises them to.

    python src/test/python/tensor_types.py [a GGUF model of the Llama family]

NAME.blocks holds the blocks, NAME.f32 the elements as float32 little endian. Given a model, also
writes default-model.json: per tensor the SHA-256 of its dequantised float32 bytes, query and key
rows put back into halves.
"""

import hashlib
import json
import pathlib
import sys

import gguf
import numpy as np

OUT = pathlib.Path(__file__).resolve().parents[1] / "resources" / "tensor-types"
TYPES = ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K"]
# Where a block keeps its scales: random bytes there would often be no number.
SCALES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
    "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
}


def blocks_of(name, random):
    kind = gguf.GGMLQuantizationType[name]
    block_elements, block_bytes = gguf.GGML_QUANT_SIZES[kind]
    if block_elements == 1:
        values = random.standard_normal(512).astype(np.float32)
        values[:6] = [0.0, -0.0, 65504.0, -65504.0, 6e-8, 1e-6]
        return gguf.quants.quantize(values, kind).view(np.uint8).reshape(-1)
    blocks = random.integers(0, 256, (max(4, 256 // block_elements), block_bytes), dtype=np.uint8)
    for at in SCALES[name]:
        scales = (0.1 * random.standard_normal(len(blocks))).astype("<f2")
        blocks[:, at : at + 2] = scales.view(np.uint8).reshape(-1, 2)
    return blocks.reshape(-1)


def halves(rows, head_dim):
    """The inverse of what llama.cpp's converter does to query and key rows."""
    return rows.reshape(-1, head_dim // 2, 2, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape)


def main():
    OUT.mkdir(exist_ok=True)
    random = np.random.default_rng(11)
    for name in TYPES:
        blocks = blocks_of(name, random)
        values = gguf.quants.dequantize(blocks, gguf.GGMLQuantizationType[name])
        blocks.tofile(OUT / f"{name}.blocks")
        np.ascontiguousarray(values, dtype="<f4").tofile(OUT / f"{name}.f32")
    if len(sys.argv) > 1:
        reader = gguf.GGUFReader(sys.argv[1])
        head_dim = int(reader.fields["llama.rope.dimension_count"].contents())
        names = {
            "token_embd.weight": "model.embed_tokens.weight",
            "blk.0.attn_q.weight": "model.layers.0.self_attn.q_proj.weight",
            "blk.29.attn_k.weight": "model.layers.29.self_attn.k_proj.weight",
            "blk.7.attn_v.weight": "model.layers.7.self_attn.v_proj.weight",
            "blk.3.ffn_down.weight": "model.layers.3.mlp.down_proj.weight",
            "output_norm.weight": "model.norm.weight",
        }
        digests = {}
        for tensor in reader.tensors:
            if tensor.name in names:
                values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
                if ".attn_q." in tensor.name or ".attn_k." in tensor.name:
                    values = halves(values, head_dim)
                data = np.ascontiguousarray(values, dtype="<f4").tobytes()
                digests[names[tensor.name]] = hashlib.sha256(data).hexdigest()
        (OUT / "default-model.json").write_text(json.dumps(digests, indent=1) + "\n")


if __name__ == "__main__":
    main()
