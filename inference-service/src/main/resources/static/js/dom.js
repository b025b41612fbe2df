// Elements, and words for screen readers.

export const byId = (id) => document.getElementById(id);

/** An element with attributes (`on...` are listeners, null is left out) and children. */
export function make(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

const SVG = "http://www.w3.org/2000/svg";

/** The same for SVG. */
export function draw(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) {
      continue;
    }
    if (key.startsWith("on")) {
      element.addEventListener(key.slice(2), value);
    } else {
      element.setAttribute(key, value === true ? "" : value);
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Says something to those who do not see it happen. */
export function say(text) {
  byId("said").textContent = text;
}

const ends = new WeakMap();

/**
 * Opens a dialog.
 *
 * The browser tells of a closing in a task of its own: the dialog may be open again by then, or even closed again. Such
 * a late event says nothing of the new opening.
 *
 * @returns what the dialog was closed with, "cancel" if nothing was chosen
 */
export function show(dialog) {
  ends.get(dialog)?.();
  return new Promise((resolve) => {
    const end = () => {
      dialog.removeEventListener("close", closed);
      ends.delete(dialog);
      resolve(dialog.returnValue);
    };
    const closed = () => {
      if (!dialog.open) {
        end();
      }
    };
    ends.set(dialog, end);
    dialog.returnValue = "cancel";
    dialog.addEventListener("close", closed);
    dialog.showModal();
  });
}

/** Opens a dialog; true if it was not cancelled. */
export async function ask(dialog) {
  return (await show(dialog)) === "ok";
}

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
