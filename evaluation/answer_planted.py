#!/usr/bin/env python3
"""Asks the questions of planted.py through the command line, under several attention policies, and counts.

    python3 answer_planted.py cases.jsonl --policies ltri,full,streaming --out rows.jsonl [--ltri ../ltri] [-- OPTIONS]

Each document is read once per policy, its questions are asked one by one, greedily, at most 24 tokens, and the document is
deleted. A row per answer is appended to the output; what stands there already is not asked again, so a run can be resumed.
At the end a table: right answers per policy and kind, and how many of those that `full` answered each policy answered.
Words after -- go to every `ltri ask` (for instance: -- --budget 128). Needs only the standard library.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout.strip(), done.stderr.strip()


def answer(ltri, options, file, policy, question):
    return run([ltri, "ask", "--document", str(file), "--policy", policy, "--max-tokens", "24", *options, question])


def documents(ltri):
    listing, _ = run([ltri, "documents", "list"])
    return listing


def main():
    words = sys.argv[1:]
    options = []
    if "--" in words:
        at = words.index("--")
        words, options = words[:at], words[at + 1 :]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases")
    parser.add_argument("--policies", default="ltri,full,streaming")
    parser.add_argument("--out", required=True)
    parser.add_argument("--ltri", default=str(Path(__file__).resolve().parent.parent / "ltri"))
    parser.add_argument("--most", type=int, default=0, help="stop after so many questions per policy; 0: all")
    settings = parser.parse_args(words)
    out = Path(settings.out)
    rows = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    done = {(row["id"], row["policy"], row["question"]) for row in rows}
    cases = [json.loads(line) for line in Path(settings.cases).read_text().splitlines()]
    policies = settings.policies.split(",")
    asked = {policy: 0 for policy in policies}
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            for policy in policies:
                facts = case["facts"]
                if settings.most:
                    facts = facts[: settings.most - asked[policy]]
                asked[policy] += len(facts)
                open_facts = [fact for fact in facts if (case["id"], policy, fact["question"]) not in done]
                if not open_facts:
                    continue
                file = Path(folder) / f"{case['id']}-{policy}.txt"
                file.write_text(case["text"])
                document = ""
                for fact in open_facts:
                    text, figures = answer(settings.ltri, options, file, policy, fact["question"])
                    for line in figures.splitlines():
                        if "; document " in line or ", document " in line:
                            document = line.rsplit(" ", 1)[1]
                    row = {
                        "id": case["id"],
                        "policy": policy,
                        "kind": fact["kind"],
                        "depth": fact["depth"],
                        "question": fact["question"],
                        "answers": fact["answers"],
                        "answer": text,
                        "right": any(good.lower() in text.lower() for good in fact["answers"]),
                        "figures": figures.splitlines()[-1] if figures else "",
                    }
                    rows.append(row)
                    with out.open("a") as sink:
                        sink.write(json.dumps(row) + "\n")
                    print("right" if row["right"] else "wrong", policy, case["id"], repr(text), flush=True)
                if document:
                    run([settings.ltri, "documents", "delete", document])
                file.unlink()
    table(rows, policies)


def table(rows, policies):
    kinds = sorted({row["kind"] for row in rows})
    right = {}
    for row in rows:
        right.setdefault(row["policy"], {})[(row["id"], row["question"])] = row["right"]
    print("\n| policy | " + " | ".join(kinds) + " | all | of those right under full |")
    print("|---|" + "---|" * (len(kinds) + 2))
    for policy in policies:
        cells = []
        for kind in [*kinds, None]:
            of_kind = [row for row in rows if row["policy"] == policy and kind in (None, row["kind"])]
            cells.append(f"{sum(row['right'] for row in of_kind)}/{len(of_kind)}")
        both = [key for key, good in right.get("full", {}).items() if good and key in right.get(policy, {})]
        kept = sum(right[policy][key] for key in both)
        print(f"| {policy} | " + " | ".join(cells) + f" | {kept}/{len(both)} |")


if __name__ == "__main__":
    main()
