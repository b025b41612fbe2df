// The text of a document, fetched as it comes into view, and what is lit in it.

import { api } from "./api.js";
import { byId, calm, make } from "./dom.js";
import { bytes, count, counted } from "./format.js";
import { Lights } from "./lights.js";
import { Overview } from "./overview.js";

/** Tokens of a piece of text that is fetched at once. */
const SECTION = 512;

/** Characters that a token has, until a section is there. */
const CHARACTERS = 4.3;

/** While it follows an answer the text moves no oftener than this. */
const FOLLOW_MILLIS = 1200;

const NOTHING =
  "Choose a document, or upload one, and its text appears here. While an answer is written, the spans it looks at light up.";

export class Reader {
  #box = byId("text");
  #sections = [];
  #document = null;
  #lights = new Lights((start, end) => this.#ranges(start, end));
  #overview;
  #watch;
  /** Where the text was brought to, until somebody moves it. */
  #wanted = null;
  #moved = 0;
  #trail = [];

  constructor() {
    this.#overview = new Overview(
      byId("overview"),
      (token) => this.show({ start: token, end: token + 1 }, false),
      () => this.#inView(),
    );
    this.#watch = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) {
          if (entry.isIntersecting) {
            this.#load(this.#sections[Number(entry.target.dataset.section)]);
          }
        }
      },
      { root: this.#box, rootMargin: "600px 0px" },
    );
    this.#box.addEventListener("scroll", () => this.#overview.redraw(), { passive: true });
    for (const hand of ["wheel", "touchmove", "pointerdown", "keydown"]) {
      this.#box.addEventListener(hand, () => (this.#wanted = null), { passive: true });
    }
    this.open(null);
  }

  get document() {
    return this.#document;
  }

  /** Shows a document, or none. */
  open(document) {
    this.#document = document;
    this.#watch.disconnect();
    this.#sections = [];
    this.#wanted = null;
    this.#box.replaceChildren();
    this.#box.scrollTop = 0;
    this.#lights.clear();
    const tokens = document?.tokens ?? 0;
    this.#overview.open(tokens);
    byId("reader-title").textContent = document ? document.title : "No document";
    byId("reader-facts").textContent = document ? facts(document) : NOTHING;
    byId("reader").classList.toggle("empty", !document);
    const perLine = Math.max(20, this.#box.clientWidth / 8.2);
    for (let from = 0; from < tokens; from += SECTION) {
      const to = Math.min(tokens, from + SECTION);
      const label = make("p", { class: "place" }, `token ${count(from)}`);
      const body = make("p", { class: "body" });
      const element = make("div", { class: "section", "data-section": this.#sections.length }, label, body);
      body.style.minHeight = `${Math.ceil(((to - from) * CHARACTERS) / perLine) * 1.65}em`;
      this.#sections.push({ from, to, element, label, body, state: "none", offsets: null });
      this.#box.append(element);
      this.#watch.observe(element);
    }
  }

  /** Begins to light what an answer looks at. */
  begin() {
    this.#trail = [];
    this.#lights.clear();
    this.#overview.clear();
  }

  /** What one step looks at. */
  step(spans) {
    const here = this.#mine(spans);
    this.#trail.push(...here.slice(0, 3));
    this.#trail = this.#trail.slice(-36);
    this.#lights.set("trail", this.#trail);
    this.#lights.step(here);
    this.#overview.step(here);
    const now = performance.now();
    if (here.length > 0 && byId("follow").checked && now - this.#moved > FOLLOW_MILLIS) {
      this.#moved = now;
      const [from, to] = this.#inView();
      if (here[0].start < from || here[0].end > to) {
        this.#go(here[0], true);
      }
    }
  }

  /** What a finished answer looked at most. */
  sources(spans) {
    const here = this.#mine(spans);
    this.#lights.step([]);
    this.#lights.set("trail", []);
    this.#lights.set("source", here);
    this.#overview.sources(here);
  }

  /** One token of a finished answer: what its step looked at. Without spans: no more. */
  peek(spans) {
    this.#lights.step(this.#mine(spans));
  }

  /** Scrolls to a span and marks it. */
  show(span, focus = true) {
    this.#lights.set("chosen", span.end - span.start > 1 ? [span] : []);
    this.#go(span, true);
    if (focus) {
      this.#box.focus({ preventScroll: true });
    }
  }

  /** First token in view. */
  place() {
    return this.#inView()[0];
  }

  #mine(spans) {
    return spans.filter((span) => span.document === this.#document?.id);
  }

  #section(token) {
    return this.#sections[Math.min(this.#sections.length - 1, Math.floor(token / SECTION))];
  }

  async #load(section) {
    if (section.state !== "none") {
      return;
    }
    section.state = "loading";
    const document = this.#document;
    try {
      const { pieces, page } = await api.text(document.id, section.from, section.to);
      if (document !== this.#document) {
        return;
      }
      section.offsets = offsets(pieces, section.from, section.to);
      section.body.textContent = pieces.map((piece) => piece.text).join("");
      section.body.style.minHeight = "";
      section.label.textContent = `${page ? `page ${count(page)}, ` : ""}token ${count(section.from)}`;
      section.state = "there";
    } catch (e) {
      section.state = "failed";
      section.body.replaceChildren(
        `This piece could not be fetched: ${e.message} `,
        make("button", { type: "button", onclick: () => this.#again(section) }, "Try again"),
      );
      return;
    }
    this.#lights.repaint();
    this.#overview.redraw();
    // What has come before it, in a height that was only guessed, has moved it.
    if (this.#wanted && section.from <= this.#wanted.start) {
      this.#go(this.#wanted, false);
    }
  }

  #again(section) {
    section.state = "none";
    this.#load(section);
  }

  /** Ranges of the page for tokens [start, end), where their text is there. */
  #ranges(start, end) {
    const ranges = [];
    const last = Math.min(this.#sections.length - 1, Math.floor((end - 1) / SECTION));
    for (let s = Math.floor(start / SECTION); s <= last; s++) {
      const section = this.#sections[s];
      const node = section?.body.firstChild;
      if (section?.state === "there" && node) {
        const range = document.createRange();
        range.setStart(node, section.offsets[Math.max(start, section.from) - section.from]);
        range.setEnd(node, section.offsets[Math.min(end, section.to) - section.from]);
        ranges.push(range);
      }
    }
    return ranges;
  }

  #go(span, smooth) {
    const section = this.#section(span.start);
    if (!section) {
      return;
    }
    const there = section.state === "there";
    this.#wanted = span;
    this.#load(section);
    const box = this.#box.getBoundingClientRect();
    let top = section.element.getBoundingClientRect().top;
    if (there) {
      top = this.#ranges(span.start, span.end)[0]?.getBoundingClientRect().top ?? top;
    } else {
      top += (section.element.offsetHeight * (span.start - section.from)) / SECTION;
    }
    this.#box.scrollTo({
      top: this.#box.scrollTop + top - box.top - box.height / 3,
      behavior: smooth && there && !calm() ? "smooth" : "instant",
    });
  }

  #inView() {
    const top = this.#box.scrollTop;
    const bottom = top + this.#box.clientHeight;
    let from = null;
    let to = 0;
    for (const section of this.#sections) {
      const start = section.element.offsetTop - this.#box.offsetTop;
      const height = section.element.offsetHeight;
      if (start + height > top && start < bottom) {
        const at = (y) => section.from + Math.floor((SECTION * (y - start)) / Math.max(1, height));
        from ??= Math.max(section.from, at(top));
        to = Math.min(section.to, at(bottom));
      }
    }
    return [from ?? 0, to];
  }
}

/**
 * Where in the joined text each token begins, and after them where the text ends: to the letter for
 * pieces of one token, in even steps inside longer ones.
 */
function offsets(pieces, from, to) {
  const starts = new Array(to - from + 1).fill(0);
  let length = 0;
  for (const piece of pieces) {
    const tokens = piece.end - piece.start;
    for (let i = 0; i < tokens; i++) {
      starts[piece.start + i - from] = length + Math.round((piece.text.length * i) / tokens);
    }
    length += piece.text.length;
  }
  const known = pieces.length > 0 ? pieces[pieces.length - 1].end - from : 0;
  starts.fill(length, known);
  return starts;
}

function facts(document) {
  const pages = document.pages ? `${counted(document.pages, "page")}, ` : "";
  return `${pages}${counted(document.tokens, "token")}, ${bytes(document.size_bytes)} in the index`;
}
