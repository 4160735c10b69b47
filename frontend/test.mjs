/* Runs the tests of test/ with Node's own runner: `node test.mjs`. Only what needs no browser is tested here; the rest is
 * tests/browser's. The bundles go to node_modules/, which is not in version control. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const outdir = resolve(here, "node_modules/.tests");
const entryPoints = readdirSync(resolve(here, "test")).filter((name) => name.endsWith(".test.ts")).map((name) => resolve(here, "test", name));

await esbuild.build({ absWorkingDir: here, entryPoints, outdir, bundle: true, platform: "node", format: "esm", outExtension: { ".js": ".mjs" }, logLevel: "warning" });
const files = entryPoints.map((path) => resolve(outdir, path.split(/[\\/]/).at(-1).replace(/\.ts$/, ".mjs")));
process.exit(spawnSync(process.execPath, ["--test", ...files], { stdio: "inherit" }).status ?? 1);
