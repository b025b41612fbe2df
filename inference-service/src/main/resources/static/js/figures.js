// What an answer cost.

import { make } from "./dom.js";
import { bytes, count, millis, percent, rate } from "./format.js";

/** @param figures of the service, or null: then nothing is known but the time */
export function figuresList(figures) {
  const list = make("dl", { class: "figures" });
  const add = (name, value, title, warn) =>
    list.append(
      make("div", { class: warn ? "warn" : null, title }, make("dt", {}, name), make("dd", {}, value)),
    );
  const answering = figures.elapsed_millis - figures.first_token_millis;
  const needed = figures.spans_fetched + figures.spans_from_cache;
  add("first token", millis(figures.first_token_millis), "From the request's arrival");
  if (figures.generated_tokens > 1) {
    add("speed", `${rate(figures.generated_tokens - 1, answering)}`, "Tokens of the answer");
  }
  add("prompt", `${count(figures.prompt_tokens)}`, "Tokens of document and question");
  add(
    "not read again",
    count(figures.reused_tokens),
    "Tokens of the prompt that were taken from the index",
  );
  add("answer", count(figures.generated_tokens), "Tokens");
  add("look-ups", count(figures.lookups), "Questions to the index, one per layer and step");
  add("spans fetched", `${count(figures.spans_fetched)}, ${bytes(figures.bytes_fetched)}`, "From the index");
  if (needed > 0) {
    add("cache hits", percent(figures.spans_from_cache / needed), "Spans that were already there");
  }
  if (figures.document_attention > 0) {
    add(
      "attention to the document",
      percent(figures.document_attention),
      "Of all attention: the rest went to the beginning, the question and the answer itself",
    );
  }
  if (figures.lookups_missed > 0) {
    add("look-ups missed", count(figures.lookups_missed), figures.first_miss, true);
  }
  if (figures.recomputed_tokens > 0) {
    add("computed again", count(figures.recomputed_tokens), "Tokens, because the index failed", true);
  }
  if (figures.spans_lost > 0) {
    add("spans lost", count(figures.spans_lost), "Of question and answer", true);
  }
  if (figures.blocks_damaged > 0) {
    add("damaged blocks", count(figures.blocks_damaged), figures.first_miss, true);
  }
  if (figures.reuse_missed) {
    add("reuse missed", "yes", figures.reuse_missed, true);
  }
  return list;
}
