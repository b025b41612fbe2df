// The documents there are, and those that are being read.

import { api } from "./api.js";
import { details } from "./details.js";
import { ask, byId, make, say } from "./dom.js";
import { bytes, count, counted, day } from "./format.js";

const BUSY = new Set(["reading", "sealing"]);

export class Library {
  #list = byId("documents");
  #entries = new Map();
  #selected = null;
  #last = null;
  #opened;
  #changed;

  /**
   * @param opened is called with a document that was chosen, or null
   * @param changed is called with a document whose title has changed
   */
  constructor(opened, changed) {
    this.#opened = opened;
    this.#changed = changed;
    byId("upload-file").addEventListener("change", (event) => {
      this.#upload([...event.target.files]);
      event.target.value = "";
    });
    byId("paste-open").addEventListener("click", () => this.#paste());
    byId("documents-more").addEventListener("click", () => this.load(this.#last));
    const drop = byId("library");
    drop.addEventListener("dragover", (event) => {
      event.preventDefault();
      drop.classList.add("dropping");
    });
    drop.addEventListener("dragleave", () => drop.classList.remove("dropping"));
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      drop.classList.remove("dropping");
      this.#upload([...event.dataTransfer.files]);
    });
  }

  /** Fetches the list, or more of it. */
  async load(after = null) {
    try {
      const page = await api.documents(after);
      page.data.forEach((document) => this.#put(document, false));
      this.#last = page.last_id;
      byId("documents-more").hidden = !page.has_more;
      this.#emptiness();
    } catch (e) {
      this.#trouble(`The documents could not be listed: ${e.message}`, () => this.load(after));
    }
  }

  /** Chooses a document by its id, as a link to it does. */
  async select(id) {
    try {
      const document = this.#entries.get(id)?.document ?? (await api.document(id));
      this.#put(document, false);
      this.#choose(document);
    } catch (e) {
      say(e.message);
    }
  }

  async #upload(files) {
    for (const file of files) {
      const exported = await isExported(file);
      await this.#read(() => (exported ? api.import(file) : api.upload(file)), file.name);
    }
  }

  async #paste() {
    const name = byId("paste-name");
    const text = byId("paste-text");
    if (await ask(byId("paste"))) {
      const [title, words] = [name.value.trim(), text.value];
      name.value = "";
      text.value = "";
      await this.#read(() => api.create(title, words), title);
    }
  }

  /** Sends a text; its reading is then watched. */
  async #read(start, title) {
    const waiting = make("li", { class: "document" }, make("p", { class: "quiet" }, `Sending ${title} ...`));
    this.#list.prepend(waiting);
    try {
      const document = await start();
      waiting.remove();
      this.#put(document, true);
      this.#emptiness();
      say(BUSY.has(document.state) ? `${title} is being read` : `${document.title} is there`);
    } catch (e) {
      waiting.remove();
      this.#trouble(`${title} was not taken: ${e.message}`);
    }
  }

  #trouble(message, again) {
    const box = make(
      "li",
      { class: "note bad", role: "alert" },
      message,
      " ",
      make(
        "button",
        {
          type: "button",
          onclick: () => {
            box.remove();
            again?.();
          },
        },
        again ? "Try again" : "Close",
      ),
    );
    this.#list.prepend(box);
  }

  #emptiness() {
    this.#list.querySelector(".empty")?.remove();
    if (this.#entries.size === 0) {
      this.#list.append(make("li", { class: "empty quiet" }, "There are none yet. Drop a file here."));
    }
  }

  /** Shows a document as it is now. */
  #put(document, first) {
    let entry = this.#entries.get(document.id);
    if (!entry) {
      entry = { element: make("li", { class: "document" }), watching: false };
      this.#entries.set(document.id, entry);
      if (first) {
        this.#list.prepend(entry.element);
      } else {
        this.#list.append(entry.element);
      }
    }
    entry.document = document;
    this.#draw(entry);
    if (BUSY.has(document.state) && !entry.watching) {
      this.#follow(entry);
    }
  }

  #draw(entry) {
    const { document, element } = entry;
    const ready = document.state === "ready";
    element.classList.toggle("selected", this.#selected === document.id);
    const open = make(
      "button",
      {
        type: "button",
        class: "title",
        disabled: !ready,
        "aria-current": this.#selected === document.id ? "true" : null,
        onclick: () => this.#choose(entry.document),
      },
      document.title || document.id,
    );
    element.replaceChildren(open, this.#state(entry));
    if (document.labels?.length > 0) {
      element.append(make("p", { class: "labels" }, ...document.labels.map((label) => make("span", {}, label))));
    }
    if (ready || document.state === "damaged" || document.state === "failed") {
      element.append(this.#actions(entry));
    }
  }

  #state(entry) {
    const { document } = entry;
    if (BUSY.has(document.state)) {
      const { read = document.read_tokens ?? 0, all = document.tokens ?? 0, speed = 0 } = entry.progress ?? {};
      entry.bar = make("progress", { max: 1, value: all ? read / all : null, "aria-label": `Reading ${document.title}` });
      entry.words = make("span", {}, reading(read, all, speed, document.state));
      return make("p", { class: "facts" }, entry.bar, entry.words);
    }
    if (document.state === "ready") {
      const pages = document.pages ? `${counted(document.pages, "page")}, ` : "";
      const pinned = document.pinned ? ", pinned" : "";
      const end = document.expires ? `, until ${day(document.expires)}` : "";
      return make(
        "p",
        { class: "facts" },
        `${pages}${counted(document.tokens, "token")}, ${bytes(document.size_bytes)}${pinned}${end}`,
      );
    }
    return make("p", { class: "facts bad" }, entry.trouble ?? (document.state === "damaged" ? "Damaged: read it again" : "The reading failed"));
  }

  async #follow(entry) {
    entry.watching = true;
    const id = entry.document.id;
    try {
      for await (const { event, data } of api.reading(id)) {
        if (event === "progress") {
          entry.progress = { read: data.read_tokens, all: data.tokens, speed: data.tokens_per_second };
          const share = data.tokens ? data.read_tokens / data.tokens : 0;
          entry.bar.value = share;
          entry.words.textContent = reading(data.read_tokens, data.tokens, data.tokens_per_second, "reading");
        } else if (event === "failed") {
          entry.trouble = data.error?.message ?? data.message ?? "The reading failed";
        } else if (event === "ready" && data.id) {
          // The service may give a document another handle when it is complete.
          this.#entries.delete(id);
          this.#entries.set(data.id, entry);
          entry.document = data;
        }
      }
      if (entry.document.state !== "ready" && !entry.trouble) {
        entry.document = await api.document(entry.document.id);
      } else if (entry.trouble) {
        entry.document = { ...entry.document, state: "failed" };
      }
      say(`${entry.document.title}: ${entry.document.state}`);
    } catch (e) {
      entry.trouble = e.message;
      entry.document = { ...entry.document, state: "failed" };
    }
    entry.watching = false;
    this.#draw(entry);
  }

  #choose(document) {
    const before = this.#entries.get(this.#selected);
    this.#selected = document?.id ?? null;
    if (before) {
      this.#draw(before);
    }
    const entry = this.#entries.get(this.#selected);
    if (entry) {
      this.#draw(entry);
    }
    this.#opened(document);
  }

  #actions(entry) {
    const id = entry.document.id;
    const item = (name, what) =>
      make(
        "button",
        {
          type: "button",
          onclick: async (event) => {
            event.currentTarget.closest("details").open = false;
            try {
              await what();
            } catch (e) {
              this.#trouble(`${entry.document.title}: ${e.message}`);
            }
          },
        },
        name,
      );
    const failed = entry.document.state === "failed";
    return make(
      "details",
      { class: "menu" },
      make("summary", { "aria-label": `More about ${entry.document.title}` }, "⋯"),
      make(
        "div",
        { class: "items" },
        ...(failed
          ? []
          : [
              item("Details", () => this.#details(entry)),
              item(entry.document.pinned ? "Unpin" : "Pin", async () =>
                this.#put(await api.change(id, { pinned: !entry.document.pinned }), false),
              ),
              item("Check its files", () => this.#verify(entry)),
              item("Export", () => this.#export(entry)),
            ]),
        item(failed ? "Remove from the list" : "Delete", () => this.#delete(entry, failed)),
      ),
    );
  }

  async #details(entry) {
    const document = await details(entry.document.id);
    if (document) {
      this.#put(document, false);
      this.#changed(document);
      say(`${document.title} is saved`);
    }
    entry.element.querySelector(".menu summary").focus();
  }

  async #export(entry) {
    const { id, title, size_bytes: all } = entry.document;
    const words = entry.element.querySelector(".facts");
    words.textContent = "Exporting ...";
    try {
      const file = await api.export(id, (sent) => (words.textContent = `Exporting: ${bytes(sent)} of ${bytes(all)}`));
      save(file, `${title || id}.ltri`);
      say(`${title} is exported`);
    } finally {
      this.#draw(entry);
    }
  }

  async #verify(entry) {
    const { faults = [] } = await api.verify(entry.document.id);
    if (faults.length > 0) {
      this.#trouble(`${entry.document.title}: ${faults.join("; ")}`);
    } else {
      entry.element.querySelector(".facts").textContent = "Every checksum is right";
      say(`${entry.document.title}: every checksum is right`);
    }
  }

  async #delete(entry, failed) {
    const { id, title } = entry.document;
    byId("sure-what").textContent = `${title} and what the model has read of it go at once, for everybody.`;
    if (!failed && !(await ask(byId("sure")))) {
      return;
    }
    if (!failed) {
      await api.remove(id);
    }
    entry.element.remove();
    this.#entries.delete(id);
    this.#emptiness();
    if (this.#selected === id) {
      this.#choose(null);
    }
    say(`${title} is deleted`);
  }
}

function reading(read, all, speed, state) {
  if (state === "sealing") {
    return "Making it ready to search ...";
  }
  const of = all ? `${count(read)} of ${count(all)} tokens` : `${count(read)} tokens`;
  return `${of}${speed ? `, ${count(Math.round(speed))} a second` : ""}`;
}

/** An exported document is a tar archive, whatever its name. */
async function isExported(file) {
  return (await file.slice(257, 262).text()) === "ustar";
}

function save(file, name) {
  const url = URL.createObjectURL(file);
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
