/* The messages of the workspace's websocket, as playground/console sends and takes them. */

export type PodState =
  | "pending" | "creating" | "running" | "ready" | "terminating" | "crashing" | "completed" | "failed" | "lost";

interface Named { name: string; namespace?: string; uid?: string }

export interface Pod extends Named {
  kind: "Pod"; node: string; owner: string | null; owner_kind: string; owner_name: string; hash: string;
  ordinal: number | null; state: PodState; status: string; ready: string; restarts: number; images: string[];
  ip: string; created: string; // "" where there is none
}
export interface Node extends Named {
  kind: "Node"; ready: boolean; unschedulable: boolean; cpu: string; memory: string; pods: string;
}
export interface Deployment extends Named {
  kind: "Deployment"; desired: number; updated: number; ready: number; available: number; total: number;
  at_least: number; at_most: number; paused: boolean; strategy: string; images: string[]; progress: string;
}
export interface ReplicaSet extends Named {
  kind: "ReplicaSet"; owner: string | null; revision: string; hash: string; desired: number;
  current: number; ready: number; available: number; images: string[];
}
export interface StatefulSet extends Named {
  kind: "StatefulSet"; desired: number; current: number; ready: number; updated: number;
  current_revision: string; update_revision: string; partition: number;
}
export interface Service extends Named {
  kind: "Service"; type: string; cluster_ip: string; ports: string; selector: Record<string, string>;
}
export interface ControllerRevision extends Named { kind: "ControllerRevision"; revision?: number }
export interface Other extends Named { kind: "Other" }
export type Item = Pod | Node | Deployment | ReplicaSet | StatefulSet | Service | ControllerRevision | Other;
export type Items = Map<string, Item>;

export interface Step {
  number: number; time_us: number; component: string; subject: string; summary: string; notes: string[];
  writes: { revision: number; verb: string; key: string }[]; cause: { kind: string; ref: string };
}
export interface Fault {
  line: number; column: number; end_line: number; end_column: number; message: string; severity: string;
}
export type Stream = "stdout" | "stderr" | "hint" | "stdin";
export type InputMode = "none" | "line" | "keys";
export interface ForwardedPort { port: number; namespace: string; pod: string; pod_port: number }
export interface PastCommand {
  number: number; terminal: string; line: string; output: [Stream, string][]; exit_code: number | null;
}

export type Look = "current" | "document";
export interface StepState {
  done: boolean; message: string;
  golf?: string; // how many commands it took
  place?: { path: string; line: number; words: string }; // where in the files stands what is missing
}

export interface ServerMessages {
  snapshot: {
    revision: number; time_us: number; speed: number; paused: boolean; items: Record<string, Item>; steps: Step[];
    read_only: boolean;
  };
  events: {
    from: number; to: number; time_us: number; steps: Step[];
    changes: { revision: number; key: string; item: Item | null; step: number | null }[];
  };
  look: { look: Look };
  input: { terminal: string; mode: InputMode };
  editor: { terminal: string; path: string; awaited: boolean };
  ports: { ports: ForwardedPort[] };
  clock: { time_us: number; speed: number; paused: boolean };
  history: { commands: PastCommand[]; files: { path: string; text: string }[] };
  started: { terminal: string; command: number; line: string };
  output: { terminal: string; command: number; stream: Stream; text: string };
  exit: { terminal: string; command: number; code: number };
  completion: { id: number; start: number; candidates: string[] };
  faults: { id: number; faults: Fault[] };
  repaired: {
    id: number; text: string | null; more_questions: number; faults: Fault[];
    questions: { line: number; source: string; chosen: string; choices: { id: string; path: string; is_text: boolean }[] }[];
  };
  saved: { path: string };
  file: { path: string; text: string };
  file_deleted: { path: string };
  progress: {
    lesson: string; steps: Record<string, StepState>; complete: boolean;
    golf?: string; // how many commands the whole lesson took, once it is complete
  };
  details: { id: number; html: string };
  error: { message: string };
}

export interface ClientMessages {
  hello: { revision: number | null };
  command: { terminal: string; line: string };
  undo: { terminal: string };
  redo: { terminal: string };
  reset: { terminal: string; what: "step" | "lesson" };
  interrupt: { terminal: string };
  input: { terminal: string; text: string };
  resize: { terminal: string; columns: number; rows: number };
  close_editor: { terminal: string; path: string };
  complete: { terminal: string; line: string; cursor: number; id: number };
  check: { id: number; path: string; text: string };
  repair: { id: number; text: string; answers: Record<string, string> };
  save: { path: string; text: string };
  apply: { path: string; text: string; terminal: string };
  pace: { speed: number; paused: boolean };
  look: { look: Look };
  step: Record<string, never>;
  describe: { id: number; key: string };
  show_lesson: { slug: string };
}
