/* The five parts that the components of the cluster are shown as, in the strip, the time line and the drawer. */
import type { Step } from "./protocol";

export const PARTS = ["user", "controller", "scheduler", "kubelet", "system"] as const;
export type Part = (typeof PARTS)[number];

/** The part that a step's component belongs to. */
export function partOf({ component }: Pick<Step, "component">): Part {
  if (/kubelet|^k8s-node/.test(component)) return "kubelet";
  if (/scheduler/.test(component)) return "scheduler";
  if (/controller|collector|manager/.test(component)) return "controller";
  if (/kubectl|terminal|shell|session|user|console/.test(component)) return "user";
  return "system";
}

/** Virtual microseconds as a person reads them: 42.0 s, 12:05, 3:04:05. */
export function span(us: number): string {
  const seconds = us / 1e6;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.floor(seconds);
  const two = (n: number): string => String(n).padStart(2, "0");
  const minutes = `${Math.floor(whole / 60) % 60}`;
  return whole < 3600 ? `${minutes}:${two(whole % 60)}` : `${Math.floor(whole / 3600)}:${two(Number(minutes))}:${two(whole % 60)}`;
}

/** A moment on the cluster's own clock, as its timestamps say it (UTC): 12:00:05.3. */
export function moment(us: number): string {
  return new Date(us / 1000).toISOString().slice(11, 21);
}

/** What a step did, in one line, without its component's name in front. */
export function lineOf(step: Step): string {
  const prefix = `${step.component}: `;
  return (step.summary.startsWith(prefix) ? step.summary.slice(prefix.length) : step.summary) || step.subject;
}

/** Whether a step is only bookkeeping: nothing decided, nothing written but events. */
export function isQuiet({ notes, writes }: Step): boolean {
  return notes.length === 0 && writes.every(({ key }) => key.startsWith("/registry/events/"));
}
