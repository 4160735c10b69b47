/* The one owner of the workspace's websocket, and the mirror of what came over it.
 *
 * Islands listen with `on`, send with `send`, and read `mirror`. A lost connection is made again with a growing,
 * jittered pause; `hello` with the last revision makes the server send what was missed, or a snapshot. */
import type { ClientMessages, Items, ServerMessages, Step } from "./protocol";

type Type = keyof ServerMessages;
export interface Changed { keys: Set<string>; steps: Step[]; reset: boolean }
interface LocalEvents { connection: { up: boolean; tries: number; gone: boolean }; changed: Changed; paced: null }
type Events = ServerMessages & LocalEvents;

const KEPT_STEPS = 3000; // older ones are the server's to keep
const LONGEST_PAUSE_MS = 15_000;
const OPENING_MS = 10_000; // a connection that takes longer will not come
const GONE = 4404; // the server's close code for a sandbox that is not there, or not for this visitor

/** What the server said last. Nobody but this file writes to it. */
export const mirror = {
  revision: null as number | null, items: new Map() as Items, steps: [] as Step[],
  timeUs: 0, heardAtMs: 0, speed: 1, paused: false,
  readOnly: document.body.classList.contains("is-read-only"), loaded: false, up: false,
};

const listeners = new Map<string, Set<(message: never) => void>>();
let socket: WebSocket | undefined;
let tries = 0;
let retry: number | undefined;
let gone = false; // the server said that there is nothing here for this visitor: asking again changes nothing

/** Call `listener` with every message of a type, or with `connection`, `changed` and `paced`. */
export function on<T extends keyof Events>(type: T, listener: (message: Events[T]) => void): void {
  if (!listeners.has(type)) listeners.set(type, new Set());
  listeners.get(type)!.add(listener);
}

function emit<T extends keyof Events>(type: T, message: Events[T]): void {
  for (const listener of listeners.get(type) ?? []) (listener as (message: Events[T]) => void)(message);
}

/** Send a message. Returns false when there is no connection: nothing is kept to be sent later behind someone's back. */
export function send<T extends keyof ClientMessages>(type: T, message: ClientMessages[T]): boolean {
  if (socket?.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify({ type, ...message }));
  return true;
}

/** The cluster's present time in microseconds, carried on from the last message at the present speed. */
export function timeNow(): number {
  if (mirror.paused || !mirror.loaded || !mirror.up) return mirror.timeUs;
  return mirror.timeUs + (performance.now() - mirror.heardAtMs) * 1000 * mirror.speed;
}

function tick(timeUs: number): void {
  mirror.timeUs = timeUs;
  mirror.heardAtMs = performance.now();
}

function keepSteps(steps: Step[]): Step[] {
  const last = mirror.steps.at(-1)?.number ?? -1;
  const fresh = steps.filter((step) => step.number > last);
  mirror.steps.push(...fresh);
  if (mirror.steps.length > KEPT_STEPS) mirror.steps.splice(0, mirror.steps.length - KEPT_STEPS);
  return fresh;
}

function takeSnapshot(message: ServerMessages["snapshot"]): void {
  Object.assign(mirror, { revision: message.revision, items: new Map(Object.entries(message.items)), steps: [], loaded: true });
  Object.assign(mirror, { speed: message.speed, paused: message.paused, readOnly: message.read_only });
  tick(message.time_us);
  keepSteps(message.steps);
  emit("changed", { keys: new Set(mirror.items.keys()), steps: [], reset: true });
  emit("paced", null);
}

function takeEvents(message: ServerMessages["events"]): void {
  if (mirror.revision === null || message.from > mirror.revision) {
    send("hello", { revision: mirror.revision }); // something between was lost: ask for it
    return;
  }
  const keys = new Set<string>();
  for (const { revision, key, item } of message.changes) {
    if (revision <= mirror.revision) continue;
    if (item === null) mirror.items.delete(key);
    else mirror.items.set(key, item);
    keys.add(key);
  }
  mirror.revision = Math.max(mirror.revision, message.to);
  tick(message.time_us);
  emit("changed", { keys, steps: keepSteps(message.steps), reset: false });
}

function receive(event: MessageEvent<string>): void {
  const message = JSON.parse(event.data) as { type: Type } & Record<string, unknown>;
  if (message.type === "snapshot") takeSnapshot(message as unknown as ServerMessages["snapshot"]);
  else if (message.type === "events") takeEvents(message as unknown as ServerMessages["events"]);
  else if (message.type === "clock") {
    const clock = message as unknown as ServerMessages["clock"];
    Object.assign(mirror, { speed: clock.speed, paused: clock.paused });
    tick(clock.time_us);
    emit("paced", null);
  }
  emit(message.type, message as never);
}

function connect(path: string): void {
  clearTimeout(retry);
  const address = new URL(path, location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const opened = new WebSocket(address);
  socket = opened;
  const late = window.setTimeout(() => opened.close(), OPENING_MS);
  opened.onopen = () => {
    clearTimeout(late);
    tries = 0;
    mirror.up = true;
    send("hello", { revision: mirror.revision });
    emit("connection", { up: true, tries, gone: false });
  };
  opened.onmessage = receive;
  opened.onclose = ({ code }) => {
    clearTimeout(late);
    if (socket !== opened) return;
    mirror.up = false;
    tries += 1;
    gone = code === GONE;
    emit("connection", { up: false, tries, gone });
    if (gone) return;
    const pause = Math.min(LONGEST_PAUSE_MS, 400 * 2 ** (tries - 1)) * (0.75 + Math.random() / 2);
    retry = window.setTimeout(() => connect(path), pause);
  };
}

const path = document.querySelector<HTMLElement>("[data-socket]")?.dataset.socket;
if (path) {
  // Islands are modules that run one after the other: begin when all of them have had the chance to listen.
  addEventListener("load", () => connect(path), { once: true });
  addEventListener("online", () => { if (!mirror.up && !gone) connect(path); });
  addEventListener("pageshow", (event) => { if (event.persisted && !mirror.up && !gone) connect(path); });
}
