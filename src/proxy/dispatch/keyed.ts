/**
 * Commands with keys: finds the slots of all keys and sends the request to the one backend that owns them,
 * splits it over several, or says why not.
 *
 * Never a wrong answer: keys of several slots are refused with CROSSSLOT (unless the command is one that can
 * be split), a slot without owner is an error, a locked slot makes the request wait. What is checked here for
 * all keys is done before anything is sent.
 */
import {
  ARGUMENTS_BLOCKING,
  ARGUMENTS_OK,
  ARGUMENTS_OTHER_DATABASE,
  checkArguments,
} from "../../command/check.ts";
import { slotOf } from "../../command/hash.ts";
import { findKeys } from "../../command/key-spec.ts";
import { FLAG_WRITE, SCRIPT_BODY, SCRIPT_SHA } from "../../command/route.ts";
import { CHECK, commandName, FLAGS, KEY_STEP, MERGE, SCRIPT_SOURCE } from "../../command/table.ts";
import type { RequestScanner } from "../../resp/request-scanner.ts";
import { type Backend, GATE_CLOSED, GATE_FULL, GATE_OPEN } from "../backend/backend.ts";
import type { MovingSlot } from "../mover/moving-slot.ts";
import { type Router, SLOT_LOCKED, SLOT_SERVED } from "../router/router.ts";
import { HOLD_TIMED_OUT } from "../router/slot-hold.ts";
import type { CommandStats } from "../stats/command-stats.ts";
import { Fanout, type PartSource, sendPart } from "./fanout.ts";
import { ADMITTED, MovingDispatcher } from "./moving.ts";
import {
  notAllowed,
  notSupportedYet,
  REPLY_CONN_RESET,
  REPLY_CROSSSLOT,
  REPLY_SLOT_OFFLINE,
} from "./reply-text.ts";
import type { ScriptCache } from "./script-cache.ts";
import { ScriptRetry } from "./script-retry.ts";
import { ANSWERED, DISPATCHED, type SessionPort, WAIT_BACKEND, WAIT_SLOT } from "./session-port.ts";

/** The request names no key. */
const NO_KEYS = -1;
/** Its keys live in several slots. */
const CROSS_SLOT = -2;
const KEYS_INITIAL = 64;

/** Options from the configuration. */
export interface KeyedOptions {
  /** Commands over several slots of one group are allowed, while none of them moves. */
  readonly isCrossSlotInGroupAllowed: boolean;
  readonly slotHoldTimeoutMs: number;
}

/** See the file head. One for each worker. */
export class KeyedDispatcher {
  readonly #router: Router;
  readonly #stats: CommandStats;
  readonly #scripts: ScriptCache;
  readonly #options: KeyedOptions;
  readonly #moves: MovingDispatcher;
  /** Argument indexes of the keys of the request at hand. */
  #keys = new Int32Array(KEYS_INITIAL);
  /** The keys of the request at hand are in one slot; else the master answers it. */
  #hasOneSlot = true;
  /** Backends of the parts of the request being split. */
  readonly #parts: Backend[] = [];

  constructor(router: Router, stats: CommandStats, scripts: ScriptCache, options: KeyedOptions) {
    this.#router = router;
    this.#stats = stats;
    this.#scripts = scripts;
    this.#options = options;
    this.#moves = new MovingDispatcher(router, stats);
  }

  /** A command whose keys must live together. */
  forward(
    session: SessionPort,
    id: number,
    buffer: Buffer,
    start: number,
    end: number,
    scanner: RequestScanner,
    nowMs: number,
  ): number {
    if (CHECK[id] !== 0) {
      const verdict = checkArguments(
        id,
        buffer,
        scanner.argOffsets,
        scanner.argCount,
        this.#router.slotMask,
      );
      if (verdict !== ARGUMENTS_OK) return this.#fail(session, id, refusalOf(verdict, id));
    }
    return this.#toOneBackend(session, id, buffer, start, end, scanner, nowMs, undefined);
  }

  /** EVAL and its family: as `forward`, and the script is made known to the server first. */
  script(
    session: SessionPort,
    id: number,
    buffer: Buffer,
    start: number,
    end: number,
    scanner: RequestScanner,
    nowMs: number,
  ): number {
    const offsets = scanner.argOffsets;
    const source = SCRIPT_SOURCE[id];
    if (source === SCRIPT_BODY) {
      this.#scripts.noteEval(buffer, offsets[2] as number, offsets[3] as number);
    }
    const sha1 =
      source === SCRIPT_SHA
        ? buffer.toString("latin1", offsets[2] as number, offsets[3] as number).toLowerCase()
        : undefined;
    return this.#toOneBackend(session, id, buffer, start, end, scanner, nowMs, sha1);
  }

  /** A command that may be split: MGET, MSET, DEL, UNLINK, EXISTS, TOUCH. */
  multiShard(
    session: SessionPort,
    id: number,
    buffer: Buffer,
    start: number,
    end: number,
    scanner: RequestScanner,
    nowMs: number,
  ): number {
    const step = KEY_STEP[id] as number;
    const offsets = scanner.argOffsets;
    if ((scanner.argCount - 1) % step !== 0) {
      // An odd MSET: Redis's own error, from any server.
      return this.#toOneBackend(session, id, buffer, start, end, scanner, nowMs, undefined);
    }
    const keyCount = (scanner.argCount - 1) / step;
    const parts = this.#parts;
    parts.length = 0;
    const partOfKey = new Uint16Array(keyCount);
    const { view, route } = session;
    const mask = this.#router.slotMask;
    /** Keys of slots that move, by slot. */
    let moving: Map<MovingSlot, Buffer[]> | undefined;
    for (let key = 0; key < keyCount; key++) {
      const at = (1 + key * step) * 2;
      const slot = slotOf(buffer, offsets[at] as number, offsets[at + 1] as number, mask);
      let backend = view.backends[slot];
      if (route.reads !== undefined) backend = route.reads.choose(id, slot, backend, nowMs);
      if (backend === undefined) {
        const moved = this.#router.moving.slot(slot);
        if (moved === undefined) {
          parts.length = 0;
          return this.#slotNotServed(session, id, slot, nowMs);
        }
        moving ??= new Map();
        addTo(moving, moved, buffer.subarray(offsets[at], offsets[at + 1]));
        backend = this.#targetOf(session, moved);
      }
      let part = parts.indexOf(backend);
      if (part === -1) part = parts.push(backend) - 1;
      partOfKey[key] = part;
    }
    if (moving !== undefined) {
      const request = { commandId: id, buffer, start, end, args: scanner, nowMs };
      const wanted = [...moving].map(([slot, names]) => ({ slot, names: copiesOf(names) }));
      const movingCount = moving.values().reduce((sum, names) => sum + names.length, 0);
      const outcome = this.#moves.admitParts(session, request, wanted, movingCount === keyCount);
      if (outcome !== ADMITTED) {
        parts.length = 0;
        return outcome;
      }
    }
    for (const backend of parts) {
      const outcome = this.#gate(session, id, backend, nowMs);
      if (outcome !== GATE_OPEN) {
        parts.length = 0;
        return outcome;
      }
    }
    session.slotWaitStartMs = 0;
    session.keyWait = undefined;
    if (parts.length === 1) {
      this.#send(session, parts[0] as Backend, id, buffer, start, end, nowMs);
    } else {
      const source = { buffer, argOffsets: offsets, argCount: scanner.argCount, step };
      this.#sendParts(session, id, source, partOfKey, nowMs);
    }
    parts.length = 0;
    return DISPATCHED;
  }

  /** Sends each of `#parts` its keys. */
  #sendParts(
    session: SessionPort,
    id: number,
    source: PartSource,
    partOfKey: Uint16Array,
    nowMs: number,
  ): void {
    const parts = this.#parts;
    const isWrite = ((FLAGS[id] as number) & FLAG_WRITE) !== 0;
    const merge = MERGE[id] as number;
    const { output } = session;
    const fanout = new Fanout(output, id, merge, partOfKey, parts.length, this.#stats, nowMs);
    for (let part = 0; part < parts.length; part++) {
      const backend = parts[part] as Backend;
      if (isWrite) session.noteWrite(backend);
      sendPart(backend, fanout, part, source, partOfKey, nowMs);
    }
  }

  #toOneBackend(
    session: SessionPort,
    id: number,
    buffer: Buffer,
    start: number,
    end: number,
    scanner: RequestScanner,
    nowMs: number,
    sha1: string | undefined,
  ): number {
    let slot = this.#slotOfAll(id, buffer, scanner);
    if (slot === CROSS_SLOT) return this.#fail(session, id, REPLY_CROSSSLOT);
    const { reads } = session.route;
    let backend: Backend | undefined;
    if (slot === NO_KEYS) {
      slot = this.#anySlot();
      if (slot === NO_KEYS) return this.#fail(session, id, REPLY_SLOT_OFFLINE);
      backend = session.view.backends[slot];
      if (reads !== undefined && ((FLAGS[id] as number) & FLAG_WRITE) !== 0) {
        reads.noteWriteAnywhere();
      }
    } else {
      backend = session.view.backends[slot];
      if (reads !== undefined) {
        if (this.#hasOneSlot) backend = reads.choose(id, slot, backend, nowMs);
        else if (((FLAGS[id] as number) & FLAG_WRITE) !== 0) reads.noteWriteAnywhere();
      }
    }
    if (backend === undefined) {
      if (this.#router.slotStates[slot] === SLOT_LOCKED && sha1 === undefined) {
        return this.#holdRequest(session, id, slot, buffer, start, end, nowMs);
      }
      const moving = this.#router.moving.slot(slot);
      if (moving === undefined) return this.#slotNotServed(session, id, slot, nowMs);
      const request = { commandId: id, buffer, start, end, args: scanner, nowMs };
      const outcome = this.#moves.admit(session, moving, request, sha1 === undefined);
      if (outcome !== ADMITTED) return outcome;
      backend = this.#targetOf(session, moving);
    }
    const outcome = this.#gate(session, id, backend, nowMs);
    if (outcome !== GATE_OPEN) return outcome;
    session.slotWaitStartMs = 0;
    session.keyWait = undefined;
    if (sha1 !== undefined) {
      this.#sendScript(session, backend, id, sha1, buffer, start, end, nowMs);
    } else {
      this.#send(session, backend, id, buffer, start, end, nowMs);
    }
    return DISPATCHED;
  }

  /** The slot of all keys, NO_KEYS, or CROSS_SLOT. */
  #slotOfAll(id: number, buffer: Buffer, scanner: RequestScanner): number {
    const offsets = scanner.argOffsets;
    let count = findKeys(id, buffer, offsets, scanner.argCount, this.#keys);
    if (count > this.#keys.length) {
      this.#keys = new Int32Array(count);
      count = findKeys(id, buffer, offsets, scanner.argCount, this.#keys);
    }
    if (count <= 0) return NO_KEYS;
    const keys = this.#keys;
    const mask = this.#router.slotMask;
    let slot = NO_KEYS;
    let isSameSlot = true;
    for (let i = 0; i < count; i++) {
      const at = (keys[i] as number) * 2;
      const own = slotOf(buffer, offsets[at] as number, offsets[at + 1] as number, mask);
      if (slot === NO_KEYS) slot = own;
      else if (own !== slot) {
        isSameSlot = false;
        if (!this.#isSameGroup(slot, own)) return CROSS_SLOT;
      }
    }
    this.#hasOneSlot = isSameSlot;
    // Several slots of one group, allowed by the operator: all are served, see #isSameGroup.
    return isSameSlot || this.#router.slotStates[slot] === SLOT_SERVED ? slot : CROSS_SLOT;
  }

  #isSameGroup(a: number, b: number): boolean {
    if (!this.#options.isCrossSlotInGroupAllowed) return false;
    const router = this.#router;
    return (
      router.slotStates[a] === SLOT_SERVED &&
      router.slotStates[b] === SLOT_SERVED &&
      router.groupOfSlot(a) === router.groupOfSlot(b)
    );
  }

  /** A slot that some server serves, for requests without keys; -1 when there is none. */
  #anySlot(): number {
    const { slotStates, moving } = this.#router;
    const served = slotStates.indexOf(SLOT_SERVED);
    if (served !== -1) return served;
    return slotStates.findIndex((_state, slot) => moving.slot(slot) !== undefined);
  }

  #targetOf(session: SessionPort, slot: MovingSlot): Backend {
    const { db, proto, lane } = session.view;
    return this.#router.moving.targetOf(slot, db, proto, lane);
  }

  /** GATE_OPEN when the backend takes requests; else the outcome of this one. */
  #gate(session: SessionPort, id: number, backend: Backend, nowMs: number): number {
    if (backend.gate === GATE_OPEN) return GATE_OPEN;
    backend.wake(nowMs);
    if (backend.gate === GATE_FULL) {
      session.waitingFor = backend;
      return WAIT_BACKEND;
    }
    if (backend.gate === GATE_CLOSED) {
      this.#fail(session, id, REPLY_CONN_RESET);
      return ANSWERED;
    }
    return GATE_OPEN;
  }

  #send(
    session: SessionPort,
    backend: Backend,
    id: number,
    buffer: Buffer,
    start: number,
    end: number,
    nowMs: number,
  ): void {
    if (((FLAGS[id] as number) & FLAG_WRITE) !== 0) session.noteWrite(backend);
    backend.push(session.output, session.output.reserve(), id, nowMs);
    backend.append(buffer, start, end);
  }

  /** Loads the script ahead if the server may not have it; keeps the request for one more try. */
  #sendScript(
    session: SessionPort,
    backend: Backend,
    id: number,
    sha1: string,
    buffer: Buffer,
    start: number,
    end: number,
    nowMs: number,
  ): void {
    const loadFrame = this.#scripts.loadFrame(sha1);
    if (loadFrame !== undefined && !backend.loadedScripts.has(sha1)) {
      backend.sendIgnored(loadFrame, nowMs);
      backend.loadedScripts.add(sha1);
    }
    if (loadFrame === undefined || session.output.inFlightCount > 0) {
      this.#send(session, backend, id, buffer, start, end, nowMs);
      return;
    }
    if (((FLAGS[id] as number) & FLAG_WRITE) !== 0) session.noteWrite(backend);
    const frame = Buffer.from(buffer.subarray(start, end));
    const retry = new ScriptRetry(session.output, backend, id, loadFrame, frame);
    backend.push(retry, 0, id, nowMs);
    backend.append(frame, 0, frame.length);
  }

  #holdRequest(
    session: SessionPort,
    id: number,
    slot: number,
    buffer: Buffer,
    start: number,
    end: number,
    nowMs: number,
  ): number {
    const { db, proto, lane } = session.view;
    this.#router.hold.add(slot, {
      sink: session.output,
      tag: session.output.reserve(),
      commandId: id,
      frame: Buffer.from(buffer.subarray(start, end)),
      db,
      proto,
      lane,
      startMs: nowMs,
      writer: ((FLAGS[id] as number) & FLAG_WRITE) !== 0 ? session : undefined,
    });
    return DISPATCHED;
  }

  /** The request needs a slot that isn't served: it waits while the slot is locked, else it fails. */
  #slotNotServed(session: SessionPort, id: number, slot: number, nowMs: number): number {
    if (this.#router.slotStates[slot] !== SLOT_LOCKED) {
      session.slotWaitStartMs = 0;
      return this.#fail(session, id, REPLY_SLOT_OFFLINE);
    }
    if (session.slotWaitStartMs === 0) session.slotWaitStartMs = nowMs;
    if (nowMs - session.slotWaitStartMs < this.#options.slotHoldTimeoutMs) return WAIT_SLOT;
    session.slotWaitStartMs = 0;
    return this.#fail(session, id, HOLD_TIMED_OUT);
  }

  #fail(session: SessionPort, id: number, reply: Buffer): number {
    session.keyWait = undefined;
    this.#stats.recordFail(id);
    const { output } = session;
    output.onFailure(output.reserve(), reply);
    return DISPATCHED;
  }
}

function addTo(names: Map<MovingSlot, Buffer[]>, slot: MovingSlot, name: Buffer): void {
  const known = names.get(slot);
  if (known === undefined) names.set(slot, [name]);
  else known.push(name);
}

/** Each once; the session's input may be overwritten. */
function copiesOf(names: readonly Buffer[]): readonly Buffer[] {
  const copies = new Map(names.map((name) => [name.toString("latin1"), name]));
  return [...copies.values()].map((name) => Buffer.from(name));
}

/** Why the arguments of a command can't be served. */
function refusalOf(verdict: number, id: number): Buffer {
  const name = commandName(id);
  if (verdict === ARGUMENTS_BLOCKING) return notSupportedYet(`${name} BLOCK`);
  if (verdict === ARGUMENTS_OTHER_DATABASE) return notAllowed(`${name} DB`);
  return notAllowed(`${name} BY/GET pattern`);
}
