/**
 * Random requests of one session and what it must be answered, for the order tests: a generator that knows
 * the state that the session's own requests have made.
 *
 * A session writes only to keys of its own, so each reply is known before anything is sent, whatever the
 * other sessions do. Keys shared by all sessions are only read, with a token in the request, so that the
 * journal of the servers shows who asked when.
 */
import { createHash } from "node:crypto";
import { blob, bulk, type FakeConnectionState, FakeStore, line } from "./fake-store.ts";
import { command } from "./raw-client.ts";
import type { Random } from "./seed.ts";
import { slotOfText } from "./slot-of-text.ts";

/** What the client must get: these bytes, or one reply of this type. */
export type DueReply = Buffer | { readonly type: string };

/** One request as it is sent, and its effects. */
export interface PlannedRequest {
  readonly frame: Buffer;
  readonly due: DueReply;
  /** `db key` and what a server must note for it, in the order of the keys. */
  readonly traces: readonly (readonly [key: string, trace: string])[];
}

/** Keys with a hash tag of their own, so that groups and offline slots are met by chance. */
export interface KeySpace {
  readonly own: readonly string[];
  readonly shared: readonly string[];
  readonly offline: readonly string[];
}

const SCRIPT = "return 'ran ' .. KEYS[1]";
const SCRIPT_SHA = createHash("sha1").update(SCRIPT).digest("hex");
const OFFLINE = line("-ERR handle request, slot is not ready, may be offline");
const CROSS_SLOT = line("-CROSSSLOT Keys in request don't hash to the same slot");
const DATABASES = 3;
const LARGE_BYTES = 150_000;

/** See the file head; one for each session. */
export class OrderModel {
  readonly #random: Random;
  readonly #keys: KeySpace;
  readonly #id: string;
  readonly #state: FakeConnectionState = { db: 0, proto: 2, name: "" };
  readonly #store = new FakeStore();
  #count = 0;
  #hasScript = false;

  constructor(id: string, random: Random, keys: KeySpace) {
    this.#id = id;
    this.#random = random;
    this.#keys = keys;
  }

  /** The next request; the model's state is then as after it. */
  next(): PlannedRequest {
    const random = this.#random;
    const kind = random.below(100);
    this.#count++;
    if (kind < 45) return this.#oneKey();
    if (kind < 65) return this.#severalKeys();
    if (kind < 72) return this.#shared();
    if (kind < 77) return this.#script();
    if (kind < 84) return this.#refused();
    return this.#local();
  }

  #oneKey(): PlannedRequest {
    const random = this.#random;
    const key = random.pick(this.#keys.own);
    const token = `${this.#id}-${this.#count}`;
    const size = random.chance(0.02) ? LARGE_BYTES : random.below(400);
    const argv = random.pick([
      ["GET", key],
      ["GET", key],
      ["SET", key, token],
      ["SET", key, `${random.below(1000)}`],
      ["set", key, token.repeat(1 + random.below(30))],
      ["APPEND", key, token],
      ["INCR", key],
      ["HGETALL", key],
      ["LPUSH", key, token],
      ["GETRANGE", key, "0", `${size}`],
    ]);
    return this.#forwarded(argv, [key]);
  }

  #severalKeys(): PlannedRequest {
    const random = this.#random;
    const keys = Array.from({ length: 1 + random.below(6) }, () => random.pick(this.#keys.own));
    const name = random.pick(["MGET", "MGET", "DEL", "EXISTS", "UNLINK", "TOUCH", "MSET", "MSET"]);
    if (name !== "MSET") return this.#forwarded([name, ...keys], keys);
    // A key twice in one MSET: the last value wins, on every server as in the model.
    const pairs = keys.flatMap((key, index) => [key, `${this.#id}-${this.#count}-${index}`]);
    return this.#forwarded([name, ...pairs], keys);
  }

  #shared(): PlannedRequest {
    const size = this.#random.below(200);
    const key = this.#random.pick(this.#keys.shared);
    const argv = ["GETRANGE", key, `${this.#id}-${this.#count}`, `${size}`];
    return { frame: command(...argv), due: bulk(blob(size)), traces: this.#tracesOf(argv, [key]) };
  }

  #script(): PlannedRequest {
    const key = this.#random.pick(this.#keys.own);
    const isShown = this.#hasScript && this.#random.chance(0.8);
    this.#hasScript = true;
    const argv = isShown ? ["EVALSHA", SCRIPT_SHA, "1", key] : ["EVAL", SCRIPT, "1", key];
    const traces = this.#tracesOf(argv, [key]);
    return { frame: command(...argv), due: bulk(`ran ${key}`), traces };
  }

  #refused(): PlannedRequest {
    const random = this.#random;
    const offline = random.pick(this.#keys.offline);
    const [one, other] = [random.pick(this.#keys.own), random.pick(this.#keys.own)];
    const isSameSlot = slotOfText(one) === slotOfText(other);
    return random.pick<PlannedRequest>([
      answered(["GET", offline], OFFLINE),
      answered(["SET", offline, "x"], OFFLINE),
      answered(["MGET", one, offline, other], OFFLINE),
      answered(["DEL", offline, one], OFFLINE),
      answered(["GET"], line("-ERR wrong number of arguments for 'get' command")),
      answered(["SHUTDOWN"], line("-ERR handle request, command 'SHUTDOWN' is not allowed")),
      isSameSlot ? answered(["PING"], line("+PONG")) : answered(["SUNION", one, other], CROSS_SLOT),
    ]);
  }

  #local(): PlannedRequest {
    const random = this.#random;
    const state = this.#state;
    const word = `w${this.#id}-${this.#count}`;
    switch (random.below(9)) {
      case 0:
        return answered(["PING"], line("+PONG"));
      case 1:
        return answered(["PING", word], bulk(word));
      case 2:
        return answered(["ECHO", word], bulk(word));
      case 3:
        return {
          frame: Buffer.from(`ECHO "${word} \\x41"\r\n`),
          due: bulk(`${word} A`),
          traces: [],
        };
      case 4:
        state.db = random.below(DATABASES);
        return answered(["SELECT", `${state.db}`], line("+OK"));
      case 5: {
        state.proto = random.chance(0.5) ? 3 : 2;
        return answered(["HELLO", `${state.proto}`], { type: state.proto === 3 ? "%" : "*" });
      }
      case 6:
        state.name = word;
        return answered(["CLIENT", "SETNAME", word], line("+OK"));
      case 7:
        return answered(["CLIENT", "LIST"], { type: state.proto === 3 ? "=" : "$" });
      default:
        return answered(["CLIENT", "GETNAME"], this.#nameReply());
    }
  }

  #nameReply(): Buffer {
    const { name, proto } = this.#state;
    if (name !== "") return bulk(name);
    return proto === 3 ? line("_") : line("$-1");
  }

  #forwarded(argv: readonly string[], keys: readonly string[]): PlannedRequest {
    const due = this.#store.answer(
      argv.map((argument) => Buffer.from(argument)),
      this.#state,
    );
    return { frame: command(...argv), due, traces: this.#tracesOf(argv, keys) };
  }

  #tracesOf(argv: readonly string[], keys: readonly string[]): [string, string][] {
    return keys.map((key, index) => [`${this.#state.db} ${key}`, traceOf(argv, index)]);
  }
}

/** What a request means for its key number `index`, the same for a whole request and for its parts. */
export function traceOf(argv: readonly string[], index: number): string {
  const name = (argv[0] ?? "").toUpperCase();
  if (name === "MSET") return `MSET ${argv[2 + index * 2]}`;
  if (SPLIT.has(name)) return name;
  if (name === "EVAL" || name === "EVALSHA") return "EVAL";
  return `${name} ${argv.slice(2).join(" ")}`;
}

/** The keys of a request as a server sees it. */
export function keysOf(argv: readonly string[]): readonly string[] {
  const name = (argv[0] ?? "").toUpperCase();
  if (name === "MSET") return argv.slice(1).filter((_, index) => index % 2 === 0);
  if (SPLIT.has(name)) return argv.slice(1);
  if (name === "EVAL" || name === "EVALSHA") return argv.slice(3, 4);
  return argv.slice(1, 2);
}

const SPLIT = new Set(["MGET", "DEL", "EXISTS", "UNLINK", "TOUCH"]);

function answered(argv: readonly string[], due: DueReply): PlannedRequest {
  return { frame: command(...argv), due, traces: [] };
}

/** The end of the reply at `start`, or -1; written apart from the product's scanner on purpose. */
export function replyEnd(bytes: Buffer, start: number): number {
  const lineEnd = bytes.indexOf("\r\n", start, "latin1");
  if (lineEnd === -1) return -1;
  const type = String.fromCharCode(bytes[start] as number);
  const value = Number(bytes.toString("latin1", start + 1, lineEnd));
  let end = lineEnd + 2;
  if (type === "$" || type === "=" || type === "!") {
    if (value < 0) return end;
    end += value + 2;
    return end <= bytes.length ? end : -1;
  }
  if ("*~>%".includes(type)) {
    for (let left = type === "%" ? value * 2 : value; left > 0; left--) {
      end = replyEnd(bytes, end);
      if (end === -1) return -1;
    }
  }
  return end;
}
