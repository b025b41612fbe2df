// What may change of a document, and what is known of it.

import { api } from "./api.js";
import { byId, make, show } from "./dom.js";
import { bytes, count, day } from "./format.js";

/**
 * Shows a document in the dialog and keeps it open until the service has taken what was changed.
 *
 * @returns the document as it is then; null if nothing was changed
 */
export async function details(id) {
  const document = await api.document(id);
  const dialog = byId("details");
  const form = dialog.querySelector("form");
  const save = byId("details-save");
  byId("details-name").value = document.title;
  byId("details-labels").value = document.labels.join(", ");
  byId("details-expires").value = local(document.expires);
  byId("details-extend").checked = document.extend_with_use;
  byId("details-pinned").checked = document.pinned;
  byId("details-facts").replaceChildren(...facts(document));
  byId("details-trouble").textContent = "";
  save.disabled = false;
  let changed = null;
  const trouble = (message) => (byId("details-trouble").textContent = message);
  const submit = async (event) => {
    event.preventDefault();
    let change;
    try {
      change = changes(document);
    } catch (e) {
      trouble(e.message);
      return;
    }
    trouble("");
    save.disabled = true;
    try {
      changed = Object.keys(change).length > 0 ? await api.change(id, change) : null;
      dialog.close();
    } catch (e) {
      trouble(`Not saved: ${e.message}`);
    }
    save.disabled = false;
  };
  form.addEventListener("submit", submit);
  await show(dialog);
  form.removeEventListener("submit", submit);
  return changed;
}

/** What the fields say otherwise than the document. */
function changes(document) {
  const change = {};
  const title = byId("details-name").value.trim();
  if (!title) {
    throw new Error("A document needs a title.");
  }
  if (title !== document.title) {
    change.title = title;
  }
  const labels = [...new Set(byId("details-labels").value.split(",").map((l) => l.trim()).filter(Boolean))];
  if (labels.toSorted().join() !== document.labels.toSorted().join()) {
    change.labels = labels;
  }
  const wanted = byId("details-expires").value;
  const marked = byId("details-extend").checked;
  const extend = marked && wanted !== "";
  const extendChanged = extend !== document.extend_with_use;
  if (wanted !== local(document.expires) || (extendChanged && extend)) {
    change.expires = wanted ? Math.floor(new Date(wanted).getTime() / 1000) : null;
    if (wanted && change.expires * 1000 <= Date.now()) {
      throw new Error("The end has passed: choose a later one, or none.");
    }
  }
  if (marked && !wanted && !document.extend_with_use) {
    throw new Error("A use can only put off an end that there is: choose one, or take the mark away.");
  }
  if (extendChanged || (extend && "expires" in change)) {
    change.extend_with_use = extend;
  }
  const pinned = byId("details-pinned").checked;
  if (pinned !== document.pinned) {
    change.pinned = pinned;
  }
  return change;
}

/** Unix seconds as a field for date and time wants them; empty for none. */
function local(seconds) {
  if (!seconds) {
    return "";
  }
  const at = new Date(seconds * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function facts(document) {
  const rows = [
    ["Handle", document.id],
    ["Read", day(document.created)],
    ["Last used", document.last_used ? day(document.last_used) : null],
    ["Tokens", count(document.tokens)],
    ["Spans", count(document.spans)],
    ["On the disk", bytes(document.size_bytes)],
    ["Continues", document.continues],
    ["Read under", document.policy],
    ["Text kept", document.text_kept ? "yes" : "no"],
    ["Faults", document.faults.length > 0 ? document.faults.join("; ") : null],
  ];
  return rows.flatMap(([name, value]) => (value ? [make("dt", {}, name), make("dd", {}, String(value))] : []));
}
