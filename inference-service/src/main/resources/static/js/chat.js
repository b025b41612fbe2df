// The conversation: questions, answers as they are written, their sources and figures.

import { api } from "./api.js";
import { byId, make, say } from "./dom.js";
import { figuresList } from "./figures.js";
import { counted, percent } from "./format.js";

/** Sources that an answer lists. */
const SOURCES = 8;

/** Seconds: so long the next turn finds what was said, without reading it again. */
const KEEP_SECONDS = 3600;

export class Chat {
  #reader;
  #toReader;
  #model = "";
  #document = null;
  #messages = [];
  #running = null;
  #log = byId("turns");

  /**
   * @param toReader brings the text into view where there is room for one part only
   */
  constructor(reader, toReader) {
    this.#reader = reader;
    this.#toReader = toReader;
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask();
    });
    byId("question").addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        byId("composer").requestSubmit();
      }
    });
    byId("stop").addEventListener("click", () => this.#running?.abort());
    byId("chat-new").addEventListener("click", () => this.begin(this.#document));
    this.begin(null);
  }

  set model(name) {
    this.#model = name;
  }

  /** A new conversation, about a document or none. */
  begin(document) {
    this.#running?.abort();
    this.#document = document;
    this.#messages = [];
    byId("subject").textContent = document ? `About ${document.title}` : "About no document";
    byId("question").placeholder = document ? "Ask about the document" : "Ask something";
    const hint = document
      ? "Ask about it. While the answer is written, the text beside it shows where the model looks."
      : "Choose a document to ask about, or just ask.";
    this.#log.replaceChildren(make("p", { class: "hint" }, hint));
    this.#reader.begin();
  }

  /** The title has changed. */
  renamed(document) {
    if (this.#document?.id === document.id) {
      this.#document = document;
      byId("subject").textContent = `About ${document.title}`;
    }
  }

  async #ask() {
    const box = byId("question");
    const question = box.value.trim();
    if (question === "" || this.#running) {
      return;
    }
    box.value = "";
    this.#log.querySelector(".hint")?.remove();
    this.#messages.push({ role: "user", content: question });
    const asked = make("article", { class: "turn question", "aria-label": "You" }, make("p", {}, question));
    const answer = new Answer(this.#reader, this.#toReader);
    this.#log.append(asked, answer.element);
    answer.element.scrollIntoView({ block: "end" });
    const running = new AbortController();
    this.#working(running);
    this.#reader.begin();
    try {
      for await (const chunk of api.chat(this.#request(), running.signal)) {
        answer.take(chunk);
        this.#keepInView();
      }
      answer.finish();
      this.#messages.push({ role: "assistant", content: answer.text });
      say(`Answer complete: ${answer.text}`);
    } catch (e) {
      if (running.signal.aborted) {
        answer.stopped();
        this.#messages.push({ role: "assistant", content: answer.text });
      } else {
        // The conversation stands as it was; the question can be asked again.
        this.#messages.pop();
        answer.failed(e.message);
        box.value ||= question;
      }
    } finally {
      this.#working(null);
      this.#keepInView();
    }
  }

  #working(running) {
    this.#running = running;
    byId("stop").hidden = !running;
    byId("send").disabled = Boolean(running);
    this.#log.setAttribute("aria-busy", String(Boolean(running)));
  }

  #keepInView() {
    const log = this.#log;
    if (log.scrollHeight - log.scrollTop - log.clientHeight < 160) {
      log.scrollTop = log.scrollHeight;
    }
  }

  #request() {
    const ltri = { sources: this.#document ? SOURCES : 0, keep: KEEP_SECONDS };
    if (Number(byId("budget").value) > 0) {
      ltri.budget = Number(byId("budget").value);
    }
    if (byId("on-index-failure").value) {
      ltri.on_index_failure = byId("on-index-failure").value;
    }
    return {
      model: this.#model,
      messages: this.#messages,
      max_tokens: Number(byId("max-tokens").value) || 200,
      temperature: Number(byId("temperature").value) || 0,
      ...(this.#document ? { document: this.#document.id } : {}),
      ltri,
    };
  }
}

const CUT = {
  length: "Cut at the most tokens allowed: see Settings.",
  deadline: "Cut at the deadline.",
};

/** One answer in the conversation. */
class Answer {
  #reader;
  #toReader;
  #body;
  #looked = [];
  #pieces = [];
  #at = -1;
  #figures = null;
  #sources = [];

  constructor(reader, toReader) {
    this.#reader = reader;
    this.#toReader = toReader;
    this.#body = make("p", { class: "words" }, make("span", { class: "cursor", "aria-hidden": "true" }));
    this.element = make("article", { class: "turn answer", "aria-label": "Answer" }, this.#body);
  }

  get text() {
    return this.#pieces.map((piece) => piece.text).join("");
  }

  take(chunk) {
    const text = chunk.choices?.[0]?.delta?.content ?? "";
    const looked = chunk.ltri?.figures ? [] : (chunk.ltri?.sources ?? []);
    if (text !== "" || looked.length > 0) {
      this.#add(text, looked);
    }
    if (chunk.ltri?.figures) {
      this.#figures = chunk.ltri.figures;
      this.#sources = chunk.ltri.sources ?? [];
    }
  }

  /** Text may lag behind its token: what was looked at waits for it. */
  #add(text, looked) {
    if (looked.length > 0) {
      this.#looked = looked;
      this.#reader.step(looked);
    }
    if (text === "") {
      return;
    }
    const span = make("span", { class: "token" }, text);
    this.#pieces.push({ text, looked: this.#looked, span });
    this.#body.insertBefore(span, this.#body.lastChild);
  }

  finish() {
    this.#end();
    if (this.#pieces.some((piece) => piece.looked.length > 0)) {
      this.#explorable();
    }
    const cut = CUT[this.#figures?.finish_reason];
    if (cut) {
      this.element.append(make("p", { class: "note" }, cut));
    }
    if (this.#sources.length > 0) {
      this.#reader.sources(this.#sources);
      this.element.append(this.#sourceList());
    }
    if (this.#figures) {
      this.element.append(figuresList(this.#figures));
    }
  }

  stopped() {
    this.#end();
    this.#reader.sources([]);
    this.element.append(make("p", { class: "note" }, "Stopped."));
  }

  failed(message) {
    this.#end();
    this.#reader.sources([]);
    this.element.append(make("p", { class: "note bad", role: "alert" }, `No answer: ${message}`));
  }

  #end() {
    this.#body.querySelector(".cursor")?.remove();
    if (this.#pieces.length === 0) {
      this.#body.remove();
    }
  }

  /** Each token shows what its step looked at: under the pointer, or with the arrow keys. */
  #explorable() {
    const body = this.#body;
    body.tabIndex = 0;
    body.setAttribute("role", "group");
    body.setAttribute("aria-label", "Answer. The arrow keys go through it and light what each token looked at.");
    const index = (event) => this.#pieces.findIndex((piece) => piece.span === event.target);
    body.addEventListener("pointerover", (event) => this.#look(index(event), false));
    body.addEventListener("pointerleave", () => this.#look(-1, false));
    body.addEventListener("click", (event) => this.#look(index(event), true));
    body.addEventListener("blur", () => this.#look(-1, false));
    body.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step) {
        event.preventDefault();
        this.#look(Math.min(this.#pieces.length - 1, Math.max(0, this.#at + step)), true);
      } else if (event.key === "Escape") {
        this.#look(-1, false);
      }
    });
  }

  #look(at, show) {
    this.#pieces[this.#at]?.span.classList.remove("looked");
    this.#at = at;
    const piece = this.#pieces[at];
    piece?.span.classList.add("looked");
    this.#reader.peek(piece?.looked ?? []);
    if (piece?.looked.length > 0 && show) {
      this.#reader.show(piece.looked[0], false);
      say(`${piece.text.trim()}: looked most at ${place(piece.looked[0])}`);
    }
  }

  #sourceList() {
    const most = this.#sources[0].weight;
    const items = this.#sources.map((source) => {
      const bar = make("meter", {
        min: 0,
        max: most,
        value: source.weight,
        "aria-label": "Weight",
      });
      const open = make(
        "button",
        {
          type: "button",
          class: "source",
          title: `${percent(source.attention)} of all attention went here`,
          onclick: () => {
            this.#toReader();
            this.#reader.sources(this.#sources);
            this.#reader.show(source);
          },
        },
        make(
          "span",
          { class: "where" },
          make("b", {}, place(source)),
          bar,
          make("span", { class: "share" }, percent(source.weight)),
        ),
        make("span", { class: "snippet" }, source.text.trim().replace(/\s+/g, " ")),
      );
      return make("li", {}, open);
    });
    return make(
      "section",
      { class: "sources", "aria-label": "Sources" },
      make(
        "h3",
        { title: "The places that single words of this answer were taken from, as far as attention tells" },
        counted(items.length, "source"),
      ),
      make("ol", {}, ...items),
    );
  }
}

const place = (source) =>
  source.page ? `page ${source.page}` : `tokens ${source.start} to ${source.end - 1}`;
