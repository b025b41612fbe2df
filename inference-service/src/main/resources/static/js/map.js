// What one layer attends to over a piece of the document, and the spans it cuts there: the map's
// diagonal lies along the line of tokens; above two tokens, as high as they are apart, stands the
// cell of the later looking at the earlier one. A span is a triangle that stands on its tokens.

import { api } from "./api.js";
import { byId, draw, make } from "./dom.js";
import { count, counted } from "./format.js";

/** Width of a token. */
const SIDE = 12;
const LABEL_HEIGHT = 78;
const LABEL_CHARACTERS = 12;

/** Lower ends of the classes of cells, as multiples of the mean of the cell's row. */
const STEPS = [1, 2, 4, 8, 16];

export class LayerMap {
  #reader;
  #running = null;

  constructor(reader) {
    this.#reader = reader;
    byId("map-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask();
    });
    this.open(null);
  }

  /** Another document. */
  open(document) {
    this.#running?.abort();
    byId("map").replaceChildren(
      make(
        "p",
        { class: "quiet" },
        document
          ? "A piece of the document is read once more, with what comes before it, and one layer's attention is drawn with the spans that it cuts."
          : "Choose a document first.",
      ),
    );
  }

  /** The tab was opened: the piece is the one that is being read. */
  shown() {
    const document = this.#reader.document;
    if (document) {
      const tokens = Number(byId("map-tokens").value);
      byId("map-from").max = document.tokens - 1;
      byId("map-from").value = Math.max(0, Math.min(this.#reader.place(), document.tokens - tokens));
    }
  }

  async #ask() {
    const document = this.#reader.document;
    if (!document) {
      return;
    }
    this.#running?.abort();
    this.#running = new AbortController();
    const signal = this.#running.signal;
    const box = byId("map");
    box.replaceChildren(make("p", { class: "quiet" }, "Reading ..."));
    try {
      const map = await api.map(
        {
          document: document.id,
          layer: Number(byId("map-layer").value),
          from: Number(byId("map-from").value),
          tokens: Number(byId("map-tokens").value),
        },
        signal,
      );
      byId("map-layer").max = map.layers - 1;
      box.replaceChildren(...picture(map));
    } catch (e) {
      if (!signal.aborted) {
        box.replaceChildren(make("p", { class: "note bad", role: "alert" }, e.message));
      }
    }
  }
}

function picture(map) {
  const parts = [
    make(
      "p",
      {},
      `Layer ${map.layer} of ${map.layers}, ${counted(map.tokens.length, "token")} from ${count(map.from)} on. ` +
        "Each field stands above two tokens and shows how much the later one attends to the earlier (mean over the heads). " +
        "Outlined triangles are the spans: runs of tokens that attend to each other.",
    ),
    legend(),
  ];
  for (const line of lines(map, Math.max(24, Math.floor((byId("map").clientWidth - 8) / SIDE)))) {
    parts.push(make("div", { class: "strip", tabindex: 0, role: "group", "aria-label": "A piece of the map; scrolls sideways" }, strip(map, line)));
  }
  const cut = map.spans.map((span) =>
    make("span", { title: described(map, span) }, texts(map, span)),
  );
  parts.push(make("h3", {}, "The same as text"), make("p", { class: "cut" }, ...cut));
  return parts;
}

function legend() {
  const keys = STEPS.map((low, step) => {
    const swatch = draw("svg", { width: 12, height: 12, "aria-hidden": "true" }, draw("rect", { class: `a${step}`, width: 12, height: 12 }));
    return make("span", { class: "key" }, swatch, step === STEPS.length - 1 ? `${low} and more` : `${low} to ${STEPS[step + 1]}`);
  });
  return make("p", { class: "legend" }, "Times the row's mean: ", ...keys);
}

/** The spans, so many to a line as fit. */
function lines(map, most) {
  const all = [];
  let line = [];
  for (const span of map.spans) {
    if (line.length > 0 && span.end - line[0].start > most) {
      all.push(line);
      line = [];
    }
    line.push(span);
  }
  all.push(line);
  return all;
}

function strip(map, spans) {
  const start = spans[0].start - map.from;
  const end = spans[spans.length - 1].end - map.from;
  const longest = Math.max(...spans.map((span) => span.end - span.start));
  const reach = longest + 6;
  const width = (end - start) * SIDE;
  const height = (reach * SIDE) / 2;
  const half = SIDE / 2;
  return draw(
    "svg",
    {
      width,
      height: height + LABEL_HEIGHT,
      viewBox: `0 ${-height} ${width} ${height + LABEL_HEIGHT}`,
      role: "img",
      "aria-label": `Attention map of layer ${map.layer}, tokens ${map.from + start} to ${map.from + end - 1}, ${counted(spans.length, "span")}`,
    },
    draw(
      "svg",
      { y: -height, width, height, viewBox: `0 ${-height} ${width} ${height}` },
      // Column j and row i of the map go to the right, and up by their distance.
      draw("g", { transform: `matrix(${half} ${half} ${half} ${-half} 0 0)` }, ...cells(map, start, end, reach)),
    ),
    ...spans.map((span) => triangle(map, span, start)),
    ...labels(map, start, end),
  );
}

function cells(map, start, end, reach) {
  const paths = STEPS.map(() => "");
  for (let row = start; row < end; row++) {
    const columns = Math.min(map.width, Math.max(0, map.from + row - map.first_column + 1));
    const band = map.band[row];
    let mean = 0;
    for (let offset = 0; offset < columns; offset++) {
      mean += band[offset] / columns;
    }
    const seen = Math.min(columns, reach, row - start + 1);
    for (let offset = 0; offset < seen; ) {
      const step = level(band[offset], mean);
      let run = 1;
      while (offset + run < seen && level(band[offset + run], mean) === step) {
        run++;
      }
      if (step >= 0) {
        paths[step] += `M${row - start - offset - run + 1} ${row - start}h${run}v1h-${run}z`;
      }
      offset += run;
    }
  }
  return paths.map((d, step) => draw("path", { class: `a${step}`, d }));
}

/** -1: below the mean. */
function level(cell, mean) {
  return mean > 0 ? STEPS.filter((low) => cell >= low * mean).length - 1 : -1;
}

function triangle(map, span, start) {
  const length = span.end - span.start;
  const half = (length * SIDE) / 2;
  const x = (span.start - map.from - start) * SIDE;
  return draw(
    "g",
    { class: "triangle" },
    draw("title", {}, described(map, span)),
    draw("path", { d: `M${x} 0l${half} ${-half}l${half} ${half}z` }),
  );
}

function labels(map, start, end) {
  const all = [];
  for (let token = start; token < end; token++) {
    const text = visible(map.tokens[token]);
    const short = text.trim().length > LABEL_CHARACTERS ? `${text.trim().slice(0, LABEL_CHARACTERS - 1)}…` : text.trim();
    const x = (token - start + 0.5) * SIDE - 4;
    all.push(
      draw("text", { class: "token", transform: `translate(${x} 6) rotate(90)` }, draw("title", {}, `Token ${map.from + token}: ${text}`), short),
    );
  }
  return all;
}

const texts = (map, span) =>
  visible(map.tokens.slice(span.start - map.from, span.end - map.from).join(""));

const described = (map, span) =>
  `Tokens ${span.start} to ${span.end - 1} (${span.end - span.start}), score ${span.score.toFixed(2)}, confidence ${span.confidence.toFixed(2)}: ${texts(map, span)}`;

/** Line ends as signs. */
const visible = (text) => text.replaceAll("\r", "").replaceAll("\n", "↵").replaceAll("\t", "⇥");
