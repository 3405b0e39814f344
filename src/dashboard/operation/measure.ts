/**
 * Measures what a server really holds: keys and bytes by slot, and the keys that are too big to move unnoticed.
 * One SCAN of every database, MEMORY USAGE of each key of the slots that matter.
 *
 *     until 4/5 of the time: SCAN, and look at each key    (keys and bytes exact)
 *     until all of it:       SCAN only                     (keys exact, bytes from the sample)
 *     then:                  the rest is inferred from what was seen of each database
 *
 * A server with the slot commands counts keys by slot itself: then keys are exact in any case.
 *
 * SCAN goes through a database in an order that has nothing to do with slots, so what was seen is a fair
 * sample. The server rests between steps, longer when somebody else's PING takes long.
 */
import { type Clock, systemClock } from "../../base/clock.ts";
import { isCodisError } from "../../base/error.ts";
import { slotOf } from "../../command/hash.ts";
import { bytesToLookAt, expectedStallMs, lengthCommandOf } from "../../migrate/stall.ts";
import { BIG_KEYS_MAX, type BigKey } from "../../model/operation/plan.ts";
import { RedisClient } from "../../redis/client.ts";
import { keyspaceOf } from "../../redis/info.ts";
import { numberOf, textOf } from "../../redis/reply.ts";
import { readInfo, scan, selectDatabase, slotsInfo } from "../../redis/server-command.ts";
import { refusedBy } from "../../redis/server-error.ts";
import { readSlotAbility, type SlotAbility } from "../../redis/slot-ability.ts";
import { errorTextOf, isErrorReply, type RespValue } from "../../resp/value.ts";
import { encodeForKeys, keyCommand, readInteger } from "../migration/mover/frame.ts";
import { MoverLink } from "../migration/mover/link.ts";
import { Courtesy } from "./courtesy.ts";

/** What is measured, and how far that may go. */
export interface Measurement {
  readonly addr: string;
  /** Empty: no login. */
  readonly password: string;
  readonly slotCount: number;
  readonly isWanted: (slotId: number) => boolean;
  /** Longest time, milliseconds. */
  readonly budgetMs: number;
  /** Keys that stall their servers longer than this are named. */
  readonly maxStallMs: number;
  /** Keys that are looked at; default `KEYS_LOOKED_MAX`. */
  readonly keysMax?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Keys and bytes of a slot. */
export interface SlotFigures {
  readonly keys: number;
  readonly bytes: number;
}

/** A key that stands for others when a payload is tried at a target. */
export interface SampleKey {
  readonly db: number;
  readonly key: Buffer;
}

/** What was found. */
export interface ServerMeasure {
  /** Only slots with keys. Whole numbers. */
  readonly slots: ReadonlyMap<number, SlotFigures>;
  /** At most `BIG_KEYS_MAX`, those with the longest stall first. */
  readonly bigKeys: readonly BigKey[];
  /** All slots that hold such a key, as far as keys were looked at. */
  readonly bigSlotIds: ReadonlySet<number>;
  /** Every key was looked at. */
  readonly isExact: boolean;
  /** A few small keys, at most `SAMPLES_MAX`. */
  readonly samples: readonly SampleKey[];
}

/** Keys of one server that are looked at, one by one. */
const KEYS_LOOKED_MAX = 2_000_000;
/** See `ServerMeasure.samples`. */
export const SAMPLES_MAX = 16;

/** Keys in one SCAN, and calls in one pipeline: a few tenths of a millisecond of the server's time. */
const SCAN_COUNT = 500;
const PIPELINE_CALLS_MAX = 250;
const CALL_TIMEOUT_MS = 5_000;
const MEMORY_USAGE = keyCommand("MEMORY", "USAGE");
/** Share of the time in which keys are looked at one by one. */
const LOOK_SHARE = 0.8;
const SAMPLE_BYTES_MAX = 1_024;
/** Not a mover's name: those are killed by the next leader. */
const LINK_NAME = "codis-dashboard";
const NAME_CHARS_MAX = 256;

/**
 * Measures one server. Throws what connecting and calling throws (SERVER_UNREACHABLE and its siblings); the
 * time being over is no error.
 */
export async function measureServer(measurement: Measurement): Promise<ServerMeasure> {
  const { addr, password, signal, clock = systemClock } = measurement;
  const connect = (): Promise<RedisClient> => RedisClient.connect({ addr, password, signal });
  const open: { close(): void }[] = [];
  try {
    const client = await connect();
    open.push(client);
    const pinger = await connect();
    open.push(pinger);
    const server = { groupId: 0, addr, user: "", password };
    const link = await MoverLink.open(server, LINK_NAME, signal ?? new AbortController().signal);
    open.push(link);
    const courtesy = new Courtesy(pinger, clock);
    return await new Measuring({ client, link, courtesy }, measurement).run();
  } finally {
    for (const connection of open) {
      connection.close();
    }
  }
}

/** What was seen of one slot in one database. */
interface Seen {
  keys: number;
  /** Of the keys, those that were looked at, and their bytes. */
  looked: number;
  bytes: number;
}

/** One measurement. */
class Measuring {
  readonly #client: RedisClient;
  readonly #link: MoverLink;
  readonly #courtesy: Courtesy;
  readonly #options: Measurement;
  readonly #clock: Clock;
  readonly #bigBytes: number;
  readonly #databases: SeenDatabase[] = [];
  readonly #bigKeys: BigKey[] = [];
  readonly #bigSlotIds = new Set<number>();
  readonly #samples: SampleKey[] = [];
  #lookedLeft: number;
  #slotCommands: SlotAbility | undefined;
  #isExact = true;

  constructor(
    {
      client,
      link,
      courtesy,
    }: { readonly client: RedisClient; readonly link: MoverLink; readonly courtesy: Courtesy },
    options: Measurement,
  ) {
    this.#client = client;
    this.#link = link;
    this.#courtesy = courtesy;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#bigBytes = bytesToLookAt(options.maxStallMs);
    this.#lookedLeft = options.keysMax ?? KEYS_LOOKED_MAX;
  }

  async run(): Promise<ServerMeasure> {
    const startedMs = this.#clock.monotonicMs();
    const databases = keyspaceOf(await readInfo(this.#client));
    const sum = databases.reduce((all, { keys }) => all + keys, 0);
    let before = 0;
    for (const { db, keys } of databases) {
      // Each database has its share of the time, so that the last one isn't guessed from nothing.
      before += keys;
      const endsMs = startedMs + (this.#options.budgetMs * before) / sum;
      await this.#measureDatabase(db, keys, endsMs);
    }
    this.#bigKeys.sort((one, other) => other.stallMs - one.stallMs);
    return {
      slots: this.#sumUp(),
      bigKeys: this.#bigKeys.slice(0, BIG_KEYS_MAX),
      bigSlotIds: this.#bigSlotIds,
      isExact: this.#isExact,
      samples: this.#samples,
    };
  }

  async #measureDatabase(db: number, keyCount: number, endsMs: number): Promise<void> {
    const beganMs = this.#clock.monotonicMs();
    const lookUntilMs = beganMs + (endsMs - beganMs) * LOOK_SHARE;
    const seen = new Map<number, Seen>();
    await selectDatabase(this.#client, db);
    const exact = await this.#countsOf();
    let scanned = 0;
    let cursor = "0";
    let isWhole = false;
    while (!isWhole && this.#clock.monotonicMs() < endsMs) {
      const stepMs = this.#clock.monotonicMs();
      const step = await scan(this.#client, cursor, SCAN_COUNT);
      scanned += step.keys.length;
      cursor = step.cursor;
      isWhole = cursor === "0";
      const wanted = this.#wantedOf(step.keys);
      if (this.#lookedLeft > 0 && this.#clock.monotonicMs() < lookUntilMs) {
        this.#lookedLeft -= wanted.length;
        await this.#look(db, wanted, seen);
      } else {
        this.#isExact &&= wanted.length === 0;
        wanted.forEach(({ slotId }) => {
          seenOf(seen, slotId).keys += 1;
        });
      }
      if (!isWhole) {
        await this.#courtesy.rest(this.#clock.monotonicMs() - stepMs);
      }
    }
    this.#isExact &&= isWhole;
    const factor = isWhole ? 1 : Math.max(1, keyCount / Math.max(1, scanned));
    this.#databases.push({ seen, factor, exact });
  }

  /** Of the selected database; undefined when the server doesn't count keys by slot. */
  async #countsOf(): Promise<ReadonlyMap<number, number> | undefined> {
    this.#slotCommands ??= await readSlotAbility(this.#client);
    return this.#slotCommands === "none" ? undefined : slotsInfo(this.#client);
  }

  #wantedOf(keys: readonly Buffer[]): readonly WantedKey[] {
    const { slotCount, isWanted } = this.#options;
    return keys.flatMap((key) => {
      const slotId = slotOf(key, 0, key.length, slotCount - 1);
      return isWanted(slotId) ? [{ key, slotId }] : [];
    });
  }

  async #look(db: number, keys: readonly WantedKey[], seen: Map<number, Seen>): Promise<void> {
    for (let start = 0; start < keys.length; start += PIPELINE_CALLS_MAX) {
      const part = keys.slice(start, start + PIPELINE_CALLS_MAX);
      const sizes = await this.#sizesOf(db, part);
      const big: SizedKey[] = [];
      for (const [at, wanted] of part.entries()) {
        const bytes = sizes[at];
        if (bytes === undefined) {
          continue; // It has expired or was deleted meanwhile.
        }
        const slot = seenOf(seen, wanted.slotId);
        slot.keys += 1;
        slot.looked += 1;
        slot.bytes += bytes;
        if (bytes >= this.#bigBytes) {
          big.push({ ...wanted, bytes });
        } else if (bytes <= SAMPLE_BYTES_MAX && this.#samples.length < SAMPLES_MAX) {
          this.#samples.push({ db, key: wanted.key });
        }
      }
      await this.#lookAtBig(db, big);
    }
  }

  /** Bytes of each key, undefined where it is gone: by the hundred thousand, so raw replies in masses. */
  async #sizesOf(db: number, keys: readonly WantedKey[]): Promise<readonly (number | undefined)[]> {
    const frame = encodeForKeys(
      MEMORY_USAGE,
      keys.map(({ key }) => key),
    );
    await this.#link.useDb(db, CALL_TIMEOUT_MS);
    const replies = await this.#link.send("MEMORY USAGE", frame, keys.length, CALL_TIMEOUT_MS);
    return replies.map((reply) => {
      if (isErrorReply(reply)) {
        throw refusedBy(this.#link.addr, "MEMORY USAGE", errorTextOf(reply));
      }
      return readInteger(reply);
    });
  }

  async #lookAtBig(db: number, keys: readonly SizedKey[]): Promise<void> {
    if (keys.length === 0) {
      return;
    }
    const types = (await this.#callAll(keys.map(({ key }) => ["TYPE", key]))).map(textOf);
    const lengths = await this.#callAll(
      keys.map(({ key }, at) => {
        const command = lengthCommandOf(types[at] ?? "");
        return command === undefined ? ["EXISTS", key] : [command, key];
      }),
      true,
    );
    for (const [at, { key, slotId, bytes }] of keys.entries()) {
      const type = types[at] ?? "none";
      const elements = numberOf(lengths[at]) ?? 1;
      const stallMs = expectedStallMs(type, elements, bytes);
      if (type !== "none" && stallMs > this.#options.maxStallMs) {
        this.#addBigKey({ slotId, db, name: nameOf(key), type, bytes, elements, stallMs });
      }
    }
  }

  #addBigKey(key: BigKey): void {
    this.#bigSlotIds.add(key.slotId);
    this.#bigKeys.push({ ...key, stallMs: Math.ceil(key.stallMs) });
    if (this.#bigKeys.length > 2 * BIG_KEYS_MAX) {
      this.#bigKeys.sort((one, other) => other.stallMs - one.stallMs);
      this.#bigKeys.length = BIG_KEYS_MAX;
    }
  }

  /** The replies in order; undefined where the server refused, if that `mayFail` (a key changed its type). */
  async #callAll(
    calls: readonly (readonly (string | Uint8Array)[])[],
    mayFail = false,
  ): Promise<readonly (RespValue | undefined)[]> {
    const outcomes = await Promise.allSettled(calls.map((args) => this.#client.call(args)));
    return outcomes.map((outcome) => {
      if (outcome.status === "fulfilled") {
        return outcome.value;
      }
      if (mayFail && isCodisError(outcome.reason, "SERVER_REFUSED")) {
        return undefined;
      }
      throw outcome.reason;
    });
  }

  #wantedIn(counts: ReadonlyMap<number, number>): readonly number[] {
    return [...counts.keys()].filter((slotId) => this.#options.isWanted(slotId));
  }

  /** Adds up what was seen of all databases, or counted by the server itself. */
  #sumUp(): ReadonlyMap<number, SlotFigures> {
    const totals = new Map<number, { keys: number; bytes: number }>();
    const usual = meanBytes(
      this.#databases.flatMap(({ seen }) => [...seen.values()]),
      0,
    );
    for (const { seen, factor, exact } of this.#databases) {
      const usualHere = meanBytes([...seen.values()], usual);
      for (const slotId of exact === undefined ? seen.keys() : this.#wantedIn(exact)) {
        const slot = seen.get(slotId);
        const keys = exact?.get(slotId) ?? (slot?.keys ?? 0) * factor;
        const total = totals.get(slotId) ?? { keys: 0, bytes: 0 };
        total.keys += keys;
        total.bytes += keys * meanBytes(slot === undefined ? [] : [slot], usualHere);
        totals.set(slotId, total);
      }
    }
    return new Map(
      [...totals].map(([slotId, { keys, bytes }]) => [
        slotId,
        { keys: Math.round(keys), bytes: Math.round(bytes) },
      ]),
    );
  }
}

/** What was seen of one database, which is one part in `factor` of it. */
interface SeenDatabase {
  readonly seen: ReadonlyMap<number, Seen>;
  readonly factor: number;
  /** Keys by slot, as the server counts them. */
  readonly exact: ReadonlyMap<number, number> | undefined;
}

/** Bytes of one key, of those that were looked at. */
function meanBytes(slots: readonly Seen[], otherwise: number): number {
  let [looked, bytes] = [0, 0];
  for (const slot of slots) {
    looked += slot.looked;
    bytes += slot.bytes;
  }
  return looked === 0 ? otherwise : bytes / looked;
}

interface WantedKey {
  readonly key: Buffer;
  readonly slotId: number;
}

interface SizedKey extends WantedKey {
  readonly bytes: number;
}

function seenOf(seen: Map<number, Seen>, slotId: number): Seen {
  let slot = seen.get(slotId);
  if (slot === undefined) {
    slot = { keys: 0, looked: 0, bytes: 0 };
    seen.set(slotId, slot);
  }
  return slot;
}

/** A key as people read it: UTF-8 if it is, else hex digits; cut when long. */
function nameOf(key: Buffer): string {
  const text = key.toString("utf8");
  const isText = Buffer.from(text, "utf8").equals(key) && !/\p{Cc}/u.test(text);
  const name = isText ? text : `0x${key.toString("hex")}`;
  return name.length > NAME_CHARS_MAX ? name.slice(0, NAME_CHARS_MAX) : name;
}
