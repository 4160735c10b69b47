/* Small helpers for making elements. Text is always set as text, never parsed as HTML. */

const SVG = "http://www.w3.org/2000/svg";
type Attributes = Record<string, string | number | boolean | null | undefined>;

function fill<E extends Element>(element: E, attributes: Attributes, children: (Node | string)[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

/** An HTML element with attributes and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  name: K, attributes: Attributes = {}, ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(name), attributes, children);
}

/** An SVG element with attributes and children. */
export function svg<K extends keyof SVGElementTagNameMap>(
  name: K, attributes: Attributes = {}, ...children: (Node | string)[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

/** Set an attribute where it differs: writing it again would cost a style pass. */
export function set(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** Set an element's text where it differs. */
export function text(element: Element, value: string): void {
  if (element.textContent !== value) element.textContent = value;
}

/** The element that a selector finds; a template without it is a defect, so it throws. */
export function one<E extends Element = HTMLElement>(selector: string, within: ParentNode = document): E {
  const found = within.querySelector<E>(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
}

/** Run `work` at most once a frame, however often the returned function is called. */
export function eachFrame(work: () => void): () => void {
  let asked = 0;
  return () => { asked ||= requestAnimationFrame(() => { asked = 0; work(); }); };
}

/** Something that the islands of a page tell one another: see `tell` and `hear`. */
export interface Told {
  type: { text: string; run: boolean };     // put text into the terminal's input
  open: { path: string; text?: string; line?: number }; // open a file in the editor, at a line
  notice: { message: string };              // say something in passing
  terminal: null;                           // back to typing
  show: { panel: string };                  // bring a panel to the front
  describe: { key: string };                // open the drawer on an object
  step: { number: number };                 // show a step in the time line
  dock: { group: "terminals" | "files" };   // bring one half of the dock to the front
  theme: { dark: boolean };                 // the colours changed
  drawer: { title: string; subtitle: string; content: Node }; // open the drawer on something
}

/** Tell the other islands. */
export function tell<T extends keyof Told>(name: T, detail: Told[T]): void {
  document.dispatchEvent(new CustomEvent(`podarium:${name}`, { detail }));
}

/** Listen to the other islands. */
export function hear<T extends keyof Told>(name: T, listener: (detail: Told[T]) => void): void {
  document.addEventListener(`podarium:${name}`, (event) => listener((event as CustomEvent<Told[T]>).detail));
}

/** Something kept in the browser between visits; a browser that refuses to keep it is no error. */
export const kept = {
  get(name: string): string | null { try { return localStorage.getItem(`podarium.${name}`); } catch { return null; } },
  set(name: string, value: string): void { try { localStorage.setItem(`podarium.${name}`, value); } catch { /* private mode */ } },
};
