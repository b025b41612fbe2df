"""llama.cpp under the same commands as the services: reads a text, goes on with it, says how long it took.

A line of JSON in, a line of JSON out; ends with its input, or with the process that started it. Only calls of
llama.cpp's C interface are timed: no sampling in Python, no conversion of logits.
"""

import ctypes
import json
import os
import struct
import sys
import time

import numpy
import llama_cpp

BATCH = 512

# Of a long text, so much is read as it is, and so many pieces of the rest are timed.
SEED = 2048
PIECES = 4

UNKNOWN_STATE = "llama.cpp writes its cache in a way that is not known: let it read all texts (--peer-reads)"

PARENT = os.getppid()


def say(**fields):
    print(json.dumps(fields), flush=True)


def memory():
    fields = {}
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(("VmRSS", "RssAnon", "RssFile", "RssShmem", "VmHWM")):
                name, kib = line.split()[:2]
                fields[name.rstrip(":")] = int(kib) * 1024
    return fields


def repeated(state, have, count):
    """The state of a sequence of so many tokens, of which only the first ones are there: the others are their copies.

    What llama.cpp writes: magic, sequence, streams, cells, per cell position and sequences, whether values are transposed,
    layers; per layer type, bytes per row, rows of keys; then the same of values, or, transposed, type, bytes per
    element, elements per row, columns.
    """
    source = memoryview(state)
    at = 0
    out = bytearray()

    def take(form):
        nonlocal at
        values = struct.unpack_from("<" + form, source, at)
        at += struct.calcsize("<" + form)
        return values

    def rows(size):
        nonlocal at
        piece = bytes(source[at : at + have * size])
        at += have * size
        out.extend((piece * (count // have + 1))[: count * size])

    magic, sequence, streams, cells = take("IiII")
    if streams != 1 or cells != have:
        raise RuntimeError(UNKNOWN_STATE)
    out += struct.pack("<IiII", magic, sequence, streams, count)
    for cell in range(cells):
        if take("iIi") != (cell, 1, sequence):
            raise RuntimeError(UNKNOWN_STATE)
    out += b"".join(struct.pack("<iIi", cell, 1, sequence) for cell in range(count))
    transposed, layers = take("II")
    out += struct.pack("<II", transposed, layers)
    for _ in range(layers):
        kind, size = take("iQ")
        out += struct.pack("<iQ", kind, size)
        rows(size)
    for _ in range(layers):
        if not transposed:
            kind, size = take("iQ")
            out += struct.pack("<iQ", kind, size)
            rows(size)
            continue
        kind, size, width = take("iII")
        out += struct.pack("<iII", kind, size, width)
        for _ in range(width):
            rows(size)
    if at != len(state):
        raise RuntimeError(UNKNOWN_STATE)
    return out


class Peer:
    def __init__(self, model, threads, flash_attention):
        self.threads = threads
        self.flash_attention = flash_attention
        llama_cpp.llama_backend_init()
        parameters = llama_cpp.llama_model_default_params()
        parameters.n_gpu_layers = 0
        self.model = llama_cpp.llama_model_load_from_file(model.encode(), parameters)
        if not self.model:
            raise RuntimeError("llama.cpp cannot load " + model)
        self.vocabulary = llama_cpp.llama_model_get_vocab(self.model)
        self.size = llama_cpp.llama_vocab_n_tokens(self.vocabulary)
        self.context = None
        self.position = 0

    def open(self, room):
        self.close()
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_ctx = room
        parameters.n_batch = BATCH
        parameters.n_ubatch = BATCH
        parameters.n_threads = self.threads
        parameters.n_threads_batch = self.threads
        # -1: llama.cpp's own choice.
        parameters.flash_attn_type = self.flash_attention
        self.context = llama_cpp.llama_init_from_model(self.model, parameters)
        if not self.context:
            raise RuntimeError("llama.cpp has no memory for %d tokens" % room)
        self.position = 0

    def close(self):
        if self.context:
            llama_cpp.llama_free(self.context)
            self.context = None

    def tokens(self, text, beginning):
        data = text.encode()
        room = len(data) + 16
        out = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(self.vocabulary, data, len(data), out, room, beginning, False)
        if count < 0:
            raise RuntimeError("llama.cpp cannot tokenize the text")
        return list(out[:count])

    def decode(self, tokens):
        array = (llama_cpp.llama_token * len(tokens))(*tokens)
        if llama_cpp.llama_decode(self.context, llama_cpp.llama_batch_get_one(array, len(tokens))) != 0:
            raise RuntimeError("llama.cpp failed at position %d" % self.position)
        self.position += len(tokens)

    def best(self):
        logits = llama_cpp.llama_get_logits_ith(self.context, -1)
        return int(numpy.ctypeslib.as_array(logits, shape=(self.size,)).argmax())

    def prefill(self, tokens):
        chunks = []
        start = time.perf_counter()
        for first in range(0, len(tokens), BATCH):
            if os.getppid() != PARENT:
                sys.exit(1)
            self.decode(tokens[first : first + BATCH])
            # llama.cpp computes on demand: reading the logits waits for them.
            self.best()
            chunks.append([self.position, time.perf_counter() - start])
        return chunks

    def read(self, text, room, most):
        """Reads a text; or, if it has more tokens than most, only pieces of it: see estimate."""
        self.open(room)
        tokens = self.tokens(text, True)
        if len(tokens) > most:
            return self.estimate(tokens)
        chunks = self.prefill(tokens)
        last = chunks[-1][1] - (chunks[-2][1] if len(chunks) > 1 else 0)
        before = chunks[-2][0] if len(chunks) > 1 else 0
        return {
            "tokens": len(tokens),
            "chunks": chunks,
            "estimated": False,
            "lastRate": (len(tokens) - before) / last,
        }

    def estimate(self, tokens):
        """Fills the cache with copies of the keys and values of the text's beginning, for what a step costs depends on
        how many there are and not on what they are. Times a piece at several depths; the whole is the area under them.
        """
        count = len(tokens)
        chunks = self.prefill(tokens[:SEED])
        filled = repeated(self.state(), SEED, count)
        timed = [[SEED - BATCH // 2, (chunks[-1][1] - chunks[-2][1]) / BATCH]]
        self.restore(filled, count)
        for depth in sorted({max(SEED, count * i // PIECES - BATCH) for i in range(1, PIECES + 1)}, reverse=True):
            self.forget(depth)
            start = time.perf_counter()
            self.decode(tokens[depth : depth + BATCH])
            self.best()
            timed.insert(1, [depth + BATCH // 2, (time.perf_counter() - start) / BATCH])
        self.restore(filled, count)
        seconds = chunks[-1][1]
        progress = list(chunks)
        timed.append([count, timed[-1][1]])
        for (before, cost), (here, next_cost) in zip(timed, timed[1:]):
            begin = max(before, SEED)
            if here > begin:
                slope = (next_cost - cost) / (here - before)
                first = cost + slope * (begin - before)
                seconds += (here - begin) * (first + next_cost) / 2
                progress.append([here, seconds])
        return {"tokens": count, "chunks": progress, "estimated": True, "lastRate": 1 / timed[-1][1]}

    def state(self):
        size = llama_cpp.llama_state_seq_get_size(self.context, 0)
        data = (ctypes.c_uint8 * size)()
        written = llama_cpp.llama_state_seq_get_data(self.context, data, size, 0)
        return bytes(data[:written]) if written != size else bytes(data)

    def restore(self, data, position):
        array = (ctypes.c_uint8 * len(data)).from_buffer(data)
        if llama_cpp.llama_state_seq_set_data(self.context, array, len(data), 0) == 0:
            raise RuntimeError("llama.cpp does not take a cache of %d tokens back" % position)
        self.position = position

    def forget(self, position):
        memory = llama_cpp.llama_get_memory(self.context)
        if not llama_cpp.llama_memory_seq_rm(memory, 0, position, -1):
            raise RuntimeError("llama.cpp cannot go back to position %d" % position)
        self.position = position

    def answer(self, question, count):
        """Greedy, whatever it says; afterwards only the text is remembered."""
        begin = self.position
        tokens = self.tokens(question, False)
        start = time.perf_counter()
        self.decode(tokens)
        token = self.best()
        before = time.perf_counter()
        first = before - start
        intervals = []
        for _ in range(count - 1):
            self.decode([token])
            token = self.best()
            now = time.perf_counter()
            intervals.append(1000 * (now - before))
            before = now
        self.forget(begin)
        return {"promptTokens": begin + len(tokens), "firstTokenMillis": 1000 * first, "intervalsMillis": intervals}


def main():
    model, threads, flash_attention = sys.argv[1:]
    peer = Peer(model, int(threads), int(flash_attention))
    say(
        name="llama.cpp",
        version="llama-cpp-python " + llama_cpp.__version__,
        system=llama_cpp.llama_print_system_info().decode(),
    )
    for line in sys.stdin:
        request = json.loads(line)
        try:
            command = request.pop("command")
            if command == "read":
                with open(request["text"], encoding="utf-8") as file:
                    text = file.read()
                say(**peer.read(text, request["room"], request["most"]))
            elif command == "answer":
                say(**peer.answer(request["question"], request["tokens"]))
            elif command == "memory":
                say(**memory())
            else:
                raise RuntimeError("there is no command " + command)
        except Exception as e:
            say(error=str(e))


main()
