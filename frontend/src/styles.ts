/* CodeMirror and xterm.js write their style sheets into <style> elements, which the Content-Security-Policy forbids.
 *
 * While such a library builds its view, a "style" element is therefore a stand-in: what is written into it goes to a
 * constructed style sheet that the document adopts, which the policy allows, as it allows any change through CSSOM. */

function standIn(create: (name: string) => HTMLElement): HTMLElement {
  const element = create("span");
  element.hidden = true;
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  let written = "";
  Object.defineProperty(element, "textContent", {
    get: () => written,
    set: (css: string) => { written = css; sheet.replaceSync(css); },
  });
  return element;
}

/** Run `build` with <style> elements replaced by adopted style sheets, and return what it returns. */
export function withAdoptedStyles<T>(build: () => T): T {
  const create = document.createElement.bind(document);
  document.createElement = ((name: string, options?: ElementCreationOptions) =>
    name.toLowerCase() === "style" ? standIn(create) : create(name, options)) as typeof document.createElement;
  try {
    return build();
  } finally {
    // Uncovers the method of Document.prototype again.
    delete (document as { createElement?: unknown }).createElement;
  }
}

/** xterm.js colours selected cells, and those that lack contrast, by the `style` attribute of their spans, which the
 * policy forbids as well. The same declarations through CSSOM are allowed. */
export function styleSpansThroughCssom(): void {
  const set = HTMLSpanElement.prototype.setAttribute;
  HTMLSpanElement.prototype.setAttribute = function (name: string, value: string): void {
    if (name === "style") this.style.cssText = value;
    else set.call(this, name, value);
  };
}

/** The present value of a colour token, for what draws with colours of its own rather than with CSS. */
export function colour(token: string): string {
  const probe = document.createElement("span");
  probe.hidden = true;
  probe.style.color = `var(${token})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}
