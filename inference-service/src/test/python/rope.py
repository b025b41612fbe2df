"""Makes src/test/resources/rope/cases.json: configurations, and the inverse frequencies that
transformers computes for them (float32).

    python src/test/python/rope.py
"""

import json
import pathlib

import transformers
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

OUT = pathlib.Path(__file__).resolve().parents[1] / "resources" / "rope"

LLAMA3 = {"factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
CASES = {
    "default": {"rope_theta": 10000.0},
    "default, null scaling": {"rope_theta": 100000.0, "rope_scaling": None},
    "default, new spelling": {"rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0}},
    "linear, first spelling": {"rope_theta": 10000.0, "rope_scaling": {"type": "linear", "factor": 4.0}},
    "linear, second spelling": {
        "rope_theta": 10000.0,
        "rope_scaling": {"rope_type": "linear", "factor": 2.5},
    },
    "linear, new spelling": {
        "rope_parameters": {"rope_type": "linear", "factor": 8.0, "rope_theta": 500000.0}
    },
    "llama3, as in Llama 3.2": {
        "rope_theta": 500000.0,
        "rope_scaling": {
            **LLAMA3, "rope_type": "llama3", "original_max_position_embeddings": 8192,
        },
    },
    "llama3, new spelling": {
        "rope_parameters": {
            **LLAMA3, "rope_type": "llama3", "rope_theta": 500000.0,
            "original_max_position_embeddings": 4096,
        },
    },
}


def main():
    OUT.mkdir(exist_ok=True)
    result = []
    for name, rope in CASES.items():
        config = {
            "model_type": "llama",
            "hidden_size": 256,
            "num_attention_heads": 4,
            "num_hidden_layers": 1,
            "intermediate_size": 8,
            "vocab_size": 8,
            "max_position_embeddings": 131072,
            **rope,
        }
        arguments = json.loads(json.dumps({k: v for k, v in config.items() if k != "model_type"}))
        embedding = LlamaRotaryEmbedding(transformers.LlamaConfig(**arguments))
        result.append(
            {"name": name, "config": config, "inverseFrequencies": embedding.inv_freq.double().tolist()}
        )
    (OUT / "cases.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
