/**
 * What is done once at the end of an event-loop turn: writing the output that connections gathered in it.
 *
 * Bun calls every socket callback of a turn before it runs immediates, so one `setImmediate` a turn sees the
 * bytes of all clients that were readable together. This is where many requests become one write for each
 * backend, which is most of the speed of the proxy.
 */
import { look } from "./freeze.ts";

/** Something with work to do at the end of the turn. */
export interface TurnEndTask {
  /** Called once for each `atTurnEnd`; may call `atTurnEnd` again, for the same turn's end. */
  onTurnEnd(): void;
}

let tasks: TurnEndTask[] = [];
let spare: TurnEndTask[] = [];
let isScheduled = false;
/** An event of this turn has looked at the clock. */
let isBegun = false;

/** Registers a task for the end of this turn. The caller makes sure not to register twice. */
export function atTurnEnd(task: TurnEndTask): void {
  tasks.push(task);
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(endTurn);
}

/** A socket has something: the first one of a turn looks whether this process was frozen. */
export function beginTurn(): void {
  // Hot path: for each chunk that is read.
  if (isBegun) return;
  isBegun = true;
  look();
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(endTurn);
}

function endTurn(): void {
  isScheduled = false;
  isBegun = false;
  look();
  const due = tasks;
  tasks = spare;
  for (let i = 0; i < due.length; i++) (due[i] as TurnEndTask).onTurnEnd();
  due.length = 0;
  spare = due;
}
