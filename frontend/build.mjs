/* Builds the islands into static/dist/, which is not in version control.
 *
 *   npm install && node build.mjs            once, minified
 *   node build.mjs --watch                   again on every change, with source maps
 *
 * Every island is an entry of its own, loaded as a module; what they share (the websocket above all) is split into
 * chunks, so that there is one connection however many islands a page has. `theme.js` is a classic script, because it
 * has to run before the first paint. */
import { rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const watch = process.argv.includes("--watch");
const source = (name) => resolve(here, "src", `${name}.ts`);

const shared = {
  absWorkingDir: here,
  outdir: resolve(here, "../static/dist"),
  bundle: true,
  minify: !watch,
  sourcemap: watch ? "inline" : false,
  target: ["chrome123", "firefox121", "safari17.5"],
  legalComments: "linked",
  logLevel: "warning",
};

const islands = {
  ...shared,
  entryPoints: ["workspace", "terminal", "editor", "cluster", "timeline"].map(source),
  format: "esm",
  splitting: true,
  chunkNames: "chunk-[hash]",
};

const theme = { ...shared, entryPoints: [source("theme")], format: "iife" };

if (watch) {
  for (const options of [islands, theme]) await (await esbuild.context(options)).watch();
  console.log("watching frontend/src");
} else {
  // Chunks carry a hash in their name: without this, old ones would pile up.
  await rm(shared.outdir, { recursive: true, force: true });
  await Promise.all([esbuild.build(islands), esbuild.build(theme)]);
}
