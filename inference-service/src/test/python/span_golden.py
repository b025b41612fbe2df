"""Writes src/test/resources/span/golden.json, against which GoldenSpansTest compares the span package.

    python3 inference-service/src/test/python/span_golden.py      (needs numpy; run from the root of the repository)

Everything is computed here from its definition, in float64, on the full attention map: triangle scores as sums over
triangles, the best partition by memoised recursion from the right, closed spans as the cuts that the best partitions
of all last positions share, votes and confidence with masks. Only the inputs (band and keys) are float32.
"""

import base64
import functools
import json
import math
import pathlib

import numpy as np

SINK, TOKENS, SHORTEST, LONGEST, MOST, HEADS, DIM = 5, 120, 3, 12, 4, 2, 4
WIDTH, THETA_FACTOR, SPAN_COST = 2 * LONGEST, 1.2, 0.02


def attention(rng):
    """A causal map with soft blocks of 4 to 15 tokens, float32 inside the band and zero elsewhere."""
    a, start = np.zeros((TOKENS, TOKENS)), 0
    while start < TOKENS:
        end = min(TOKENS, start + int(rng.integers(4, 16)))
        for i in range(start, end):
            share = np.exp(rng.normal(size=i + 1))
            a[i, : i + 1] += 0.6 * share / share.sum()
            share = np.exp(rng.normal(size=i + 1 - start))
            a[i, start : i + 1] += 0.4 * share / share.sum()
        start = end
    i, j = np.indices(a.shape)
    return np.where((i >= j) & (i - j < WIDTH) & (j >= SINK), a, 0).astype(np.float32).astype(np.float64)


def theta(a, i):
    return THETA_FACTOR * a[i, max(SINK, i - LONGEST + 1) : i + 1].mean()


def triangle(a, x, y):
    """S over tokens [x, y)."""
    return sum(float((a[i, x : i + 1] - theta(a, i)).sum()) for i in range(x, y))


def partition(a, start, end):
    """(total, cuts) of the best way to cut [start, end); None where there is none."""

    @functools.cache
    def best(x):
        if x == end:
            return 0.0, ()
        ways = []
        for y in range(x + SHORTEST, min(end, x + LONGEST) + 1):
            rest = best(y)
            if rest is not None:
                ways.append((max(triangle_of(x, y) - SPAN_COST, 0.0) + rest[0], (y, *rest[1])))
        # Of equal totals (fillers are worth nothing, wherever they are cut) that of fewer spans.
        return max(ways, key=lambda way: (way[0], -len(way[1]), way[1][::-1])) if ways else None

    @functools.cache
    def triangle_of(x, y):
        return triangle(a, x, y)

    return best(start)


def closed(a, start, end):
    """Cuts that every best partition of [start, y), y among the last positions, has in common, up to the last one."""
    shared = None
    for y in range(end - LONGEST, end + 1):
        cuts = set(partition(a, start, y)[1])
        shared = cuts if shared is None else shared & cuts
    return sorted(shared)


def summary(a, x, y, keys):
    before, after = max(SINK, x - LONGEST), min(TOKENS, y + LONGEST)
    i, j = np.indices(a.shape)
    rows, columns = (i >= x) & (i < y), (j >= x) & (j < y)
    inside = rows & columns & (i >= j)
    across = (rows & (j >= before) & (j < x)) | (columns & (i >= y) & (i < after))
    votes = np.array([a[t:after, t].mean() for t in range(x, y)])
    own, cross = a[inside].mean(), a[across].mean()
    confidence = own / (own + cross)
    count = min(max(math.ceil((1 - confidence) * MOST), 1), MOST, y - x)
    span = keys[:, x:y].astype(np.float64)
    vectors = [span.mean(1)]
    if count == 1:
        vectors.append(np.einsum("t,gtd->gd", votes / votes.sum(), span))
    else:
        vectors += [span[:, t] for t in np.argsort(-votes)[:count]]
    return {
        "start": x,
        "end": y,
        "score": triangle(a, x, y),
        "confidence": confidence,
        "votes": votes.tolist(),
        "vectors": np.stack(vectors).ravel().tolist(),
    }


def packed(array):
    return base64.b64encode(array.astype("<f4").tobytes()).decode()


def main():
    rng = np.random.default_rng(20241206)
    a = attention(rng)
    keys = rng.normal(size=(HEADS, TOKENS, DIM)).astype(np.float32)
    band = np.zeros((TOKENS, WIDTH), np.float32)
    for o in range(WIDTH):
        band[o:, o] = np.diagonal(a, -o)
    cuts = [SINK, *partition(a, SINK, TOKENS)[1]]
    golden = {
        "made by": "inference-service/src/test/python/span_golden.py",
        "sink": SINK,
        "tokens": TOKENS,
        "shortest": SHORTEST,
        "longest": LONGEST,
        "thetaFactor": THETA_FACTOR,
        "spanCost": SPAN_COST,
        "mostDynamicVectors": MOST,
        "kvHeads": HEADS,
        "headDim": DIM,
        "band": packed(band),
        "keys": packed(keys),
        "closed": {str(end): closed(a, SINK, end) for end in (40, 52)},
        "spans": [summary(a, x, y, keys) for x, y in zip(cuts, cuts[1:])],
    }
    rounded = json.loads(json.dumps(golden), parse_float=lambda text: round(float(text), 9))
    path = pathlib.Path(__file__).parents[1] / "resources" / "span" / "golden.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rounded, indent=1) + "\n")


main()
