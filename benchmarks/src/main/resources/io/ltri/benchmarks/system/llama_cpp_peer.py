"""llama.cpp under the same commands as the services: reads a text, goes on with it, says how long it took.

A line of JSON in, a line of JSON out; ends with its input, or with the process that started it. Only calls of
llama.cpp's C interface are timed: no sampling in Python, no conversion of logits.
"""

import ctypes
import json
import os
import sys
import time

import numpy
import llama_cpp

BATCH = 512
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

    def read(self, text, room, state):
        """Reads a text; or takes what an earlier run kept of reading it, with the times of that run."""
        self.open(room)
        tokens = self.tokens(text, True)
        if state and os.path.exists(state + ".json"):
            with open(state + ".json") as kept:
                facts = json.load(kept)
            out = (llama_cpp.llama_token * len(tokens))()
            count = ctypes.c_size_t(0)
            loaded = llama_cpp.llama_state_seq_load_file(
                self.context, state.encode(), 0, out, len(tokens), ctypes.byref(count)
            )
            if loaded and list(out[: count.value]) == tokens:
                self.position = len(tokens)
                # One piece is computed again, so that this run has a time of its own for the end of the text.
                self.forget(len(tokens) - min(BATCH, len(tokens) - 1))
                start = time.perf_counter()
                self.decode(tokens[self.position :])
                self.best()
                return {**facts, "tokens": len(tokens), "kept": True, "lastChunkSeconds": time.perf_counter() - start}
            self.open(room)
        chunks = self.prefill(tokens)
        facts = {"chunks": chunks, "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        if state:
            array = (llama_cpp.llama_token * len(tokens))(*tokens)
            llama_cpp.llama_state_seq_save_file(self.context, state.encode(), 0, array, len(tokens))
            with open(state + ".json.part", "w") as kept:
                json.dump(facts, kept)
            os.replace(state + ".json.part", state + ".json")
        last = chunks[-1][1] - (chunks[-2][1] if len(chunks) > 1 else 0)
        return {**facts, "tokens": len(tokens), "kept": False, "lastChunkSeconds": last}

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
                say(**peer.read(text, request["room"], request.get("state")))
            elif command == "answer":
                say(**peer.answer(request["question"], request["tokens"]))
            elif command == "memory":
                say(**memory())
            else:
                raise RuntimeError("there is no command " + command)
        except Exception as e:
            say(error=str(e))


main()
