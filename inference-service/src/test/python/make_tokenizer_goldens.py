"""Golden files of the tokenizer tests.

Trains the small tokenizers of the tokenizer tests and records what Hugging Face tokenizers makes
of a set of awkward texts.

    python src/test/python/make_tokenizer_goldens.py

writes src/test/resources/tokenizer/{gpt2,digits,llama3,qwen2,fallback}.json and goldens.json.
With the default model file as an argument it also writes smollm2-goldens.json: the ids of its
vocabulary by Hugging Face tokenizers (and, where llama-cpp-python is installed, a check that
llama.cpp gives the same ids):

    python src/test/python/make_tokenizer_goldens.py SmolLM2-135M-Instruct.Q4_1.gguf

Needs the packages tokenizers (made with 0.23.3), and for the second form gguf, llama-cpp-python.
"""

import json
import random
import sys
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

OUT = Path(__file__).parent.parent / "resources" / "tokenizer"

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")

CORPUS = [
    "The quick brown fox jumps over the lazy dog. It's what we're told; they've said I'd like it, you'll see.",
    "Long context inference keeps a key and a value vector for every token it has read.\n\nThe window holds the last tokens.",
    "def attention(query, keys, values):\n    scores = query @ keys.T / math.sqrt(dim)\n    return softmax(scores) @ values\n",
    "for (int i = 0; i < tokens.length; i++) {\n\tsum += tokens[i];\n}\n",
    "Der schnelle braune Fuchs springt über den faulen Hund. Größe, Übung, Straße.",
    "Le cœur a ses raisons que la raison ne connaît point. À bientôt, garçon !",
    "人工智能正在改变世界。你好，世界！我们在 2024 年 12 月 5 日读了 412 页。",
    "日本語のテキストもあります。カタカナとひらがな。",
    "Быстрая коричневая лиса прыгает через ленивую собаку. Цена 1 234,56 рублей.",
    "مرحبا بالعالم. هذا نص عربي للاختبار ٠١٢٣٤٥.",
    "한국어 텍스트도 있습니다. 안녕하세요 세계.",
    "Numbers: 0 1 12 123 1234 12345 3.14159 1,000,000 2024-12-05 0xFF 1e-9",
    "Emoji 😀 👍🏽 👩‍👩‍👧‍👦 🇩🇪 ❤️ end.",
    "    indented\n        more\n\n\n\tback   to    the  start\r\n\r\nnext",
]

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "STOPWORD"]
PLAIN = ["<tool_call>", "</tool_call>", "key1:", "a\n\nb"]

TEXTS = {
    "empty": "",
    "space": " ",
    "plain": "The quick brown fox isn't what we're told.",
    "contractions": "it's IT'S I'm I'M we'll WE'LL don't DON'T they'D 'tis 's's 'ſ x'ß o'clock",
    "whitespace": "a  b   c    d\te\t\tf\t g \t h\n i\n\nj\n\n\nk \n l  \n\n  m\r\nn\r\n\r\no\rp   ",
    "trailing": "word  \n  \n",
    "leading": "  \n\n  word",
    "odd spaces": "a\u00a0b\u2003c\u3000d\u2028e\u2029f\u0085g\u000bh\u000ci\u200bj\ufeffk\u1680l\u180em",
    "digits": "7 42 123 1234 12345678901234567890 1,234,567.89 v1.2.3 a1b22c333 ٠١٢٣ ½ ² Ⅻ 一二三 १२३",
    "code": 'if (a[0] != b->c && x <= 0x1F) {\n\t\tprintf("%d\\n", y++); // TODO: fix\n\t}\n\n\n#include <stdio.h>\n',
    "punctuation": "!!! ... --- ??!\n\n(...)\r\n«quoted» “text” ‘text’ — … end.\n.\n,\n",
    "cjk": "人工智能正在改变世界。你好，世界！\n　　第二段：一九九九年，共412页。「引用」\n日本語のカタカナ、ひらがな。",
    "korean": "한국어 텍스트 \u1112\u1161\u11ab\u1100\u1173\u11af 안녕",
    "arabic": "مرحبا بالعالم، هذا نَصٌّ عربيّ ٢٠٢٤.",
    "emoji": "😀😃 👍🏽 👩‍👩‍👧‍👦 🇩🇪🇫🇷 ❤️ 1️⃣ 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "astral": "𝒜𝓁𝓅𝒽𝒶 𐍈𐌰 𠜎𠜱 𝟘𝟙𝟚 🜁",
    "combining": "e\u0301 o\u0308 a\u0323\u0307 \u0958 \u212b \u2126 \ufb01 \u0344\nz\u0338\n",
    "compatibility": "\uf900\u0958\n\ufb2a\n\u0958.\u0958 1\u0301 \u037e \u1fef",
    "controls": "a\u0000b\u0001c\u001bd\u007fe\u009ff",
    "special": "<|im_start|>user\nHello<|im_end|>\n<|endoftext|><|im_sta STOPWORD xSTOPWORD STOPWORDx <|IM_END|>",
    "added": "<tool_call>{\"name\": 1}</tool_call> key1: key1 : a\n\nb a\n\nbc <tool_call",
    "runs": "a" * 70 + "1" * 70 + " " * 70 + "\n" * 70 + "!" * 70,
    "mixed": "Größe=12cm;Übung-3b/4c_5d HTTP2xx isn't3 4's 5'll\n6 'd7",
}


def family(name):
    tokenizer = Tokenizer(models.BPE(ignore_merges=name == "llama3"))
    if name == "gpt2":
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    elif name == "digits":
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(LLAMA3 if name == "llama3" else QWEN2), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
    if name == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.decoder = decoders.ByteLevel()
    special = [AddedToken(t, special=True, normalized=False) for t in SPECIAL]
    plain = [AddedToken(t, special=False, normalized=False) for t in PLAIN]
    first = name in ("gpt2", "digits")
    trainer = trainers.BpeTrainer(
        vocab_size=256 + 350,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=special if first else [],
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS * 2, trainer)
    if not first:
        # As published: outside the vocabulary, control tokens before the others.
        tokenizer.add_special_tokens(special)
    tokenizer.add_tokens(plain)
    path = OUT / f"{name}.json"
    path.write_text(tokenizer.to_str(pretty=False) + "\n", encoding="utf-8")
    assert path.stat().st_size < 60_000, path
    return tokenizer


def fallback():
    """The kind of Llama 2: no words, bytes as pieces, a space in front of the text."""
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False)
    trained = Tokenizer(models.BPE(unk_token="<unk>"))
    trained.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    trained.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    trained.train_from_iterator(CORPUS[:3] * 2, trainer)
    model = json.loads(trained.to_str())["model"]
    pieces = [p for p, _ in sorted(model["vocab"].items(), key=lambda entry: entry[1])]
    pieces[3:3] = [f"<0x{value:02X}>" for value in range(256)]
    tokenizer = Tokenizer(
        models.BPE(
            {p: i for i, p in enumerate(pieces)},
            [tuple(m) for m in model["merges"]],
            unk_token="<unk>",
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    tokenizer.normalizer = trained.normalizer
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in ("<unk>", "<s>", "</s>")])
    (OUT / "fallback.json").write_text(tokenizer.to_str(pretty=False) + "\n", encoding="utf-8")
    return tokenizer


def record(tokenizer, names=TEXTS):
    rows = []
    for name in names:
        text = TEXTS[name]
        tokenizer.encode_special_tokens = False
        template = tokenizer.encode(text, add_special_tokens=False).ids
        tokenizer.encode_special_tokens = True
        plain = tokenizer.encode(text, add_special_tokens=False).ids
        row = {"name": name, "text": text, "textIds": plain}
        if template != plain:
            row["templateIds"] = template
        decoded = tokenizer.decode(template, skip_special_tokens=False)
        if decoded != text:
            row["decoded"] = decoded
        rows.append(row)
    return rows


def broken(tokenizer, seed):
    """Tokens drawn at random: their bytes are mostly not UTF-8."""
    draw = random.Random(seed)
    size = tokenizer.get_vocab_size()
    rows = []
    for length in (1, 2, 3, 5, 20, 200, 200, 200):
        ids = [draw.randrange(4, 260 if draw.random() < 0.8 else size) for _ in range(length)]
        rows.append({"ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=False)})
    return rows


def write(name, value):
    text = json.dumps(value, ensure_ascii=True, indent=1)
    # One line per list of ids.
    out, depth = [], 0
    for line in text.split("\n"):
        stripped = line.strip()
        if depth and not stripped.startswith("]"):
            out[-1] += stripped
        elif depth:
            out[-1] += stripped
            depth = 0
        else:
            out.append(line)
            if stripped.endswith("[") and ("Ids" in stripped or '"ids"' in stripped):
                depth = 1
    (OUT / name).write_text("\n".join(out) + "\n", encoding="ascii")


def small():
    OUT.mkdir(parents=True, exist_ok=True)
    goldens = {}
    for name in ("gpt2", "digits", "llama3", "qwen2"):
        tokenizer = family(name)
        goldens[name] = {"texts": record(tokenizer), "broken": broken(tokenizer, 7)}
    goldens["fallback"] = {"texts": record(fallback(), [name for name in TEXTS if name not in ("empty", "leading", "space")])}
    write("goldens.json", goldens)


def default_model(path):
    from gguf import GGUFReader

    fields = GGUFReader(path).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    types = fields["tokenizer.ggml.token_type"].contents()
    merges = [tuple(m.split(" ", 1)) for m in fields["tokenizer.ggml.merges"].contents()]
    assert fields["tokenizer.ggml.pre"].contents() == "smollm"
    tokenizer = Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(
        [AddedToken(t, special=True, normalized=False) for t, kind in zip(tokens, types) if kind == 3]
    )
    goldens = record(tokenizer)
    try:
        from llama_cpp import Llama

        llama = Llama(model_path=path, vocab_only=True, verbose=False)
        for row in goldens:
            encoded = row["text"].encode("utf-8")
            for special in (False, True):
                ids = llama.tokenize(encoded, add_bos=False, special=special) if encoded else []
                expected = row["templateIds"] if special and "templateIds" in row else row["textIds"]
                if ids != expected:
                    sys.exit(f"llama.cpp differs: {row['name']}: {ids} instead of {expected}")
            row["llamaCpp"] = "same ids"
    except ImportError:
        print("llama-cpp-python is not installed: ids not compared with llama.cpp")
    write("smollm2-goldens.json", goldens)


if __name__ == "__main__":
    small()
    if len(sys.argv) > 1:
        default_model(sys.argv[1])
