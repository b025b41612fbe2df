// Puts the parts of the page together.

import { api } from "./api.js";
import { Chat } from "./chat.js";
import { byId, say } from "./dom.js";
import { Library } from "./library.js";
import { LayerMap } from "./map.js";
import { Reader } from "./reader.js";

const reader = new Reader();
const map = new LayerMap(reader);
const chat = new Chat(reader, () => {
  if (matchMedia("(max-width: 43.99rem)").matches) {
    view("reader");
  }
  tab("text");
});
const library = new Library(
  (document) => {
    reader.open(document);
    map.open(document);
    chat.begin(document);
    history.replaceState(null, "", document ? `#${document.id}` : location.pathname);
    if (document) {
      view("chat");
      byId("question").focus({ preventScroll: true });
    }
  },
  (document) => {
    chat.renamed(document);
    if (reader.document?.id === document.id) {
      byId("reader-title").textContent = document.title;
    }
  },
);

/** Where there is no room for all parts: the one to see. */
function view(name) {
  byId("main").dataset.view = name;
  for (const button of byId("views").children) {
    button.toggleAttribute("aria-current", button.dataset.view === name);
    if (button.dataset.view === name) {
      button.setAttribute("aria-current", "true");
    }
  }
}

for (const button of byId("views").children) {
  button.addEventListener("click", () => view(button.dataset.view));
}

const tabs = [...byId("reader-tabs").children];

function tab(name) {
  for (const each of tabs) {
    const chosen = each.id === `tab-${name}`;
    each.setAttribute("aria-selected", String(chosen));
    each.tabIndex = chosen ? 0 : -1;
    byId(each.getAttribute("aria-controls")).hidden = !chosen;
  }
}

tabs.forEach((each, i) => {
  const name = each.id.slice("tab-".length);
  const choose = () => {
    if (name === "map" && each.getAttribute("aria-selected") === "false") {
      map.shown();
    }
    tab(name);
  };
  each.addEventListener("click", choose);
  each.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) {
      const next = tabs[(i + step + tabs.length) % tabs.length];
      next.focus();
      next.click();
    }
  });
});

// No button of the form, or Enter in a field would press it as the first of them.
for (const button of document.querySelectorAll("dialog .cancel")) {
  button.addEventListener("click", () => button.closest("dialog").close("cancel"));
}

// Esc closes an open menu, as it does a dialog.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    document.querySelectorAll("details.menu[open]").forEach((menu) => (menu.open = false));
  }
});
document.addEventListener("click", (event) => {
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    if (!menu.contains(event.target)) {
      menu.open = false;
    }
  });
});

view("chat");
try {
  const [model] = await api.models();
  chat.model = model?.id ?? "";
  byId("server").textContent = model?.id ?? "";
} catch (e) {
  byId("server").textContent = e.message;
  say(e.message);
}
await library.load();
if (location.hash.length > 1) {
  await library.select(decodeURIComponent(location.hash.slice(1)));
}
