/* The islands' words, translated by the server: `<template id="words">` holds one element with `data-word` for each. */

const words = new Map<string, string>();
const holder = document.querySelector<HTMLTemplateElement>("template#words");
for (const element of holder?.content.querySelectorAll<HTMLElement>("[data-word]") ?? []) {
  words.set(element.dataset.word!, element.textContent!.trim());
}

/** The words for `key`, with each `{name}` filled in. An unknown key is shown as it is, so that it is noticed. */
export function say(key: string, values: Record<string, string | number> = {}): string {
  return (words.get(key) ?? key).replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
