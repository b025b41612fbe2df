// The HTTP interface of the service: everything this page knows of it is here.

import { ask, byId } from "./dom.js";

const TOKEN = "ltri-token";

/** What the service refused, and why. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function refusal(response) {
  let message = `${response.status} ${response.statusText}`;
  try {
    message = (await response.json()).error.message ?? message;
  } catch {
    // No JSON: the status says it.
  }
  return new ApiError(response.status, message);
}

async function send(path, { method = "GET", json, body, accept, signal } = {}) {
  const headers = new Headers();
  const token = sessionStorage.getItem(TOKEN);
  if (token) {
    headers.set("Authorization", `Bearer ${token}`);
  }
  if (json !== undefined) {
    headers.set("Content-Type", "application/json");
  }
  if (accept) {
    headers.set("Accept", accept);
  }
  let response;
  try {
    response = await fetch(path, {
      method,
      headers,
      signal,
      body: json === undefined ? body : JSON.stringify(json),
    });
  } catch (e) {
    if (e.name === "AbortError") {
      throw e;
    }
    throw new ApiError(0, "the service cannot be reached: is it running?");
  }
  if (response.status === 401 && (await askForToken())) {
    return send(path, { method, json, body, accept, signal });
  }
  if (!response.ok) {
    throw await refusal(response);
  }
  return response;
}

let asking = null;

/** Once, whoever asks. */
function askForToken() {
  asking ??= (async () => {
    byId("token-value").value = "";
    const given = await ask(byId("token"));
    if (given) {
      sessionStorage.setItem(TOKEN, byId("token-value").value.trim());
    }
    asking = null;
    return given;
  })();
  return asking;
}

/** Server-sent events of a response: their names and data, which is text. */
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let event = "message";
  let data = [];
  try {
    while (true) {
      const { value, done } = await reader.read();
      if (done) {
        return;
      }
      rest += value;
      const lines = rest.split(/\r\n|\n|\r/);
      rest = lines.pop();
      for (const line of lines) {
        if (line === "") {
          if (data.length > 0) {
            yield { event, data: data.join("\n") };
          }
          event = "message";
          data = [];
        } else if (line.startsWith("data:")) {
          data.push(line.slice(line[5] === " " ? 6 : 5));
        } else if (line.startsWith("event:")) {
          event = line.slice(6).trim();
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

const one = (id) => `/v1/documents/${encodeURIComponent(id)}`;

export const api = {
  async models() {
    return (await (await send("/v1/models")).json()).data;
  },

  async documents(after) {
    const query = new URLSearchParams({ limit: "50", ...(after ? { after } : {}) });
    return (await send(`/v1/documents?${query}`)).json();
  },

  async document(id) {
    return (await send(one(id))).json();
  },

  async upload(file) {
    const body = new FormData();
    body.set("title", file.name);
    body.set("file", file, file.name);
    return (await send("/v1/documents", { method: "POST", body })).json();
  },

  async create(title, text) {
    return (await send("/v1/documents", { method: "POST", json: { title, text } })).json();
  },

  /** How the reading goes: `progress`, then `ready` or `failed`. */
  async *reading(id, signal) {
    const response = await send(`${one(id)}/events`, { accept: "text/event-stream", signal });
    for await (const { event, data } of events(response)) {
      yield { event, data: data ? JSON.parse(data) : {} };
    }
  },

  async text(id, from, to) {
    // Pieces of one token each, so that a span can be lit to the letter.
    return (await send(`${one(id)}/text?from=${from}&to=${to}&run=1`)).json();
  },

  async change(id, change) {
    return (await send(one(id), { method: "PATCH", json: change })).json();
  },

  async remove(id) {
    await send(one(id), { method: "DELETE" });
  },

  async verify(id) {
    return (await send(`${one(id)}/verify`, { method: "POST" })).json();
  },

  /** @param heard is told how many bytes have come */
  async export(id, heard) {
    const response = await send(`${one(id)}/export`);
    let bytes = 0;
    const counted = new TransformStream({
      transform(chunk, controller) {
        heard((bytes += chunk.byteLength));
        controller.enqueue(chunk);
      },
    });
    return new Response(response.body.pipeThrough(counted)).blob();
  },

  async import(file) {
    const body = new Blob([file], { type: "application/octet-stream" });
    return (await send("/v1/documents/import", { method: "POST", body })).json();
  },

  async map(request, signal) {
    return (await send("/v1/map", { method: "POST", json: request, signal })).json();
  },

  /** An answer, chunk by chunk. */
  async *chat(request, signal) {
    const response = await send("/v1/chat/completions", {
      method: "POST",
      json: { ...request, stream: true, stream_options: { include_usage: true } },
      accept: "text/event-stream",
      signal,
    });
    for await (const { data } of events(response)) {
      if (data === "[DONE]") {
        return;
      }
      const chunk = JSON.parse(data);
      if (chunk.error) {
        throw new ApiError(200, chunk.error.message);
      }
      yield chunk;
    }
  },
};
