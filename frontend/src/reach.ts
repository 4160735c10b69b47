/* What scrolls can be scrolled by keyboard: a box is in the order of Tab for as long as it holds more than it shows. */

const boxes = new Map<Element, HTMLElement>();
const watch = new ResizeObserver((entries) => { for (const { target } of entries) look(boxes.get(target)!); });

function look(box: HTMLElement): void {
  const scrolls = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
  if (scrolls) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
}

/** Keep these boxes, and those in them that grow, within reach. Asking again for the same one is harmless. */
export function keepReachable(found: Iterable<HTMLElement>): void {
  for (const box of found) {
    for (const watched of [box, ...box.children]) {
      if (boxes.has(watched)) continue;
      boxes.set(watched, box);
      watch.observe(watched);
    }
  }
}
