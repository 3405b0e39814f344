/**
 * Drives the proxy and the bare server with the same random requests, several sessions in turn, pipelined
 * and not, and collects what they answer differently. After a difference both are emptied, so that one
 * defect doesn't show as many.
 */
import { decodeReply } from "../../../src/resp/value.ts";
import { RespConnection } from "../../support/resp-connection.ts";
import { isSameBytes } from "./comparison.ts";
import { comparisonOf, refusalOf, walkNameOf } from "./difference.ts";
import type { Argv } from "./grammar.ts";
import { CROSS_SLOT_REPLY, findCrossSlot } from "./oracle.ts";
import { Random } from "./random.ts";
import { type Request, RequestMaker } from "./request.ts";
import { type PairPorts, SessionPair } from "./session-pair.ts";
import { expireSoon, OWN_WALKS, WALKS, type Walk } from "./walk.ts";
import { encodeRequest, sendFrames } from "./wire.ts";

/** What a run does. */
export interface RunOptions {
  readonly ports: PairPorts;
  readonly seed: number;
  /** Random requests; then commands that came less than `minimum` times are made up for. */
  readonly count: number;
  readonly minimum: number;
  /** Commands that must come so often. */
  readonly commands: readonly string[];
  /** The run ends after so many differences. */
  readonly failuresMax: number;
}

/** A request that was answered wrongly. */
export interface Failure {
  readonly command: string;
  readonly argv: Argv;
  readonly complaint: string;
  readonly ours: Buffer;
  readonly theirs: Buffer;
  readonly proto: 2 | 3;
  /** What was run since the servers were last emptied, this request last. */
  readonly history: readonly Step[];
}

/** One request with the state of the session that it came on. */
export interface Step {
  readonly request: Request;
  readonly proto: 2 | 3;
  readonly db: number;
}

/** What came of a run. */
export interface RunResult {
  /** Requests by command. */
  readonly counts: ReadonlyMap<string, number>;
  readonly total: number;
  readonly byProto: Readonly<Record<2 | 3, number>>;
  readonly pipelined: number;
  readonly crossSlot: number;
  /** Requests that weren't answered with an error, by command. */
  readonly goodCounts: ReadonlyMap<string, number>;
  readonly failures: readonly Failure[];
}

const SESSION_COUNT = 5;
const DATABASES = 3;
const BATCH_MAX = 24;
const LONG_BATCH_MAX = 400;
const LONG_BATCH_SHARE = 0.01;
const SINGLE_SHARE = 0.3;
const EXPIRY_EACH = 400;
const FLUSH_EACH = 2_500;
const MINUS = 45;

/** Runs random requests; see the file head. */
export async function runDifferential(options: RunOptions): Promise<RunResult> {
  const run = new Run(options);
  try {
    return await run.all();
  } finally {
    run.close();
  }
}

class Run {
  readonly #options: RunOptions;
  readonly #random: Random;
  readonly #maker: RequestMaker;
  readonly #pairs: SessionPair[] = [];
  readonly #counts = new Map<string, number>();
  readonly #goodCounts = new Map<string, number>();
  readonly #failures: Failure[] = [];
  readonly #byProto = { 2: 0, 3: 0 };
  #oracle: RespConnection | undefined;
  #history: Step[] = [];
  #total = 0;
  #pipelined = 0;
  #crossSlot = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#maker = new RequestMaker(this.#random);
    for (const command of options.commands) this.#counts.set(command, 0);
  }

  async all(): Promise<RunResult> {
    const { ports, count, minimum, failuresMax } = this.#options;
    this.#oracle = await RespConnection.open(ports.bare);
    for (let i = 0; i < SESSION_COUNT; i++) {
      const pair = await SessionPair.open(ports);
      await pair.enter(i % 2 === 0 ? 3 : 2, i % DATABASES);
      this.#pairs.push(pair);
    }
    await this.empty();
    let sinceFlush = 0;
    let sinceExpiry = 0;
    while (this.#failures.length < failuresMax) {
      const rare = this.#total < count ? undefined : this.#findLacking(minimum);
      if (this.#total >= count && rare === undefined) break;
      const before = this.#total;
      await this.#batch(rare);
      sinceFlush += this.#total - before;
      sinceExpiry += this.#total - before;
      if (sinceExpiry >= EXPIRY_EACH) {
        sinceExpiry = 0;
        await this.#expire();
      }
      if (sinceFlush >= FLUSH_EACH) {
        sinceFlush = 0;
        await this.empty();
      }
    }
    return {
      counts: this.#counts,
      total: this.#total,
      byProto: this.#byProto,
      pipelined: this.#pipelined,
      crossSlot: this.#crossSlot,
      goodCounts: this.#goodCounts,
      failures: this.#failures,
    };
  }

  close(): void {
    this.#oracle?.destroy();
    for (const pair of this.#pairs) pair.close();
  }

  /** Brings both servers back to where they began. */
  async empty(): Promise<void> {
    this.#history = [];
    await emptyBoth(this.#pairs[0] as SessionPair);
  }

  #findLacking(minimum: number): string | undefined {
    const lacking = [...this.#counts].filter(([, count]) => count < minimum);
    return lacking.length === 0 ? undefined : this.#random.pick(lacking)[0];
  }

  /** Some requests of one session, in one piece where they can be. */
  async #batch(command: string | undefined): Promise<void> {
    const random = this.#random;
    const pair = random.pick(this.#pairs);
    await this.#keepVaried(pair);
    const most = random.chance(LONG_BATCH_SHARE) ? LONG_BATCH_MAX : BATCH_MAX;
    const size = random.chance(SINGLE_SHARE) ? 1 : random.between(2, most);
    const requests = Array.from({ length: command === undefined ? size : 1 }, () =>
      this.#maker.next(command),
    );
    const crossSlot = await findCrossSlot(
      this.#oracle as RespConnection,
      requests.map((request) => request.argv),
    );
    let start = 0;
    for (let end = 0; end <= requests.length; end++) {
      const request = requests[end];
      const isWalk =
        request !== undefined && walkOf(request, crossSlot[end] === true) !== undefined;
      if (request !== undefined && !isWalk) continue;
      if (!(await this.#pipeline(pair, requests, crossSlot, start, end))) return;
      if (request !== undefined && !(await this.#walk(pair, request, crossSlot[end] === true)))
        return;
      start = end + 1;
    }
  }

  /** RESET and HELLO pull sessions together; they are spread again. */
  async #keepVaried(pair: SessionPair): Promise<void> {
    if (!this.#random.chance(0.15)) return;
    const db = this.#random.between(0, DATABASES - 1);
    await pair.enter(this.#random.chance(0.5) ? 3 : 2, db);
  }

  /** Requests [start, end) at once; false when one was answered wrongly. */
  async #pipeline(
    pair: SessionPair,
    requests: readonly Request[],
    crossSlot: readonly boolean[],
    start: number,
    end: number,
  ): Promise<boolean> {
    const part = requests.slice(start, end);
    const plans = part.map((request, i) => planOf(request, crossSlot[start + i] === true));
    const frames = part.map((request) => encodeRequest(request.argv, this.#random));
    await sendFrames(pair.ours, frames, this.#random);
    const shared = frames.filter((_, i) => plans[i]?.refusal === undefined);
    await sendFrames(pair.theirs, shared, this.#random);
    if (part.length > 1) this.#pipelined += part.length;
    let isRight = true;
    for (const [i, request] of part.entries()) {
      const plan = plans[i] as Plan;
      const what = `reply to ${request.command}`;
      const ours = await pair.ours.next(what);
      const theirs = plan.refusal === undefined ? await pair.theirs.next(what) : NOTHING;
      const complaint = judge(plan, request, ours, theirs);
      if (plan.isCrossSlot) this.#crossSlot++;
      this.#take(pair, request, ours, theirs, isRight ? complaint : undefined);
      if (complaint !== undefined) isRight = false;
      else this.#learn(request, ours);
      pair.note(request.argv, ours);
    }
    if (!isRight) await this.empty();
    return isRight;
  }

  async #walk(pair: SessionPair, request: Request, isCrossSlot: boolean): Promise<boolean> {
    const plan = planOf(request, isCrossSlot);
    const walk = walkOf(request, isCrossSlot) as Walk;
    const { complaint, ours, theirs } = await walk(pair, request.argv, plan.refusal);
    this.#take(pair, request, ours, theirs, complaint);
    if (complaint !== undefined) await this.empty();
    return complaint === undefined;
  }

  #take(
    pair: SessionPair,
    request: Request,
    ours: Buffer,
    theirs: Buffer,
    complaint: string | undefined,
  ): void {
    this.#total++;
    this.#byProto[pair.proto]++;
    addOne(this.#counts, request.command);
    if (ours[0] !== MINUS) addOne(this.#goodCounts, request.command);
    this.#history.push({ request, proto: pair.proto, db: pair.db });
    if (complaint === undefined) return;
    const { command, argv } = request;
    const { proto } = pair;
    this.#failures.push({ command, argv, complaint, ours, theirs, proto, history: this.#history });
    this.#history = [];
  }

  /** Keeps dumps, for RESTORE. */
  #learn(request: Request, ours: Buffer): void {
    if (request.command !== "dump" && request.command !== "function|dump") return;
    const value = decodeReply(ours);
    if (value?.type !== "bulk") return;
    this.#maker.words.remember(request.command === "dump" ? "dump" : "function dump", value.bytes);
  }

  async #expire(): Promise<void> {
    const pair = this.#random.pick(this.#pairs);
    const [key, string] = ["any", "str"].map((name) => this.#maker.words.fill(name, this.#random));
    const argv = this.#random.pick([
      ["PEXPIRE", key as string, "1"],
      ["SET", string as string, "v", "PX", "2"],
      ["PSETEX", string as string, "1", "v"],
    ]);
    const request = { command: `${argv[0]}`.toLowerCase(), argv };
    const [existing] = await pair.both("EXISTS", argv[1] ?? "");
    if (argv[0] === "PEXPIRE" && existing.toString() === ":0\r\n") return;
    const { complaint, ours, theirs } = await expireSoon(pair, argv);
    this.#take(pair, request, ours, theirs, complaint);
    if (complaint !== undefined) await this.empty();
  }
}

function addOne(counts: Map<string, number>, command: string): void {
  counts.set(command, (counts.get(command) ?? 0) + 1);
}

const NOTHING = Buffer.alloc(0);

interface Plan {
  /** The request isn't for the bare server; the proxy must answer so. */
  readonly refusal: RegExp | undefined;
  readonly isCrossSlot: boolean;
}

function planOf(request: Request, isCrossSlot: boolean): Plan {
  const refusal = refusalOf(request.command, request.argv);
  const isCross = isCrossSlot && refusal === undefined;
  return { refusal: isCross ? CROSS_SLOT : refusal, isCrossSlot: isCross };
}

const CROSS_SLOT = new RegExp(`^${CROSS_SLOT_REPLY}$`);

function judge(plan: Plan, request: Request, ours: Buffer, theirs: Buffer): string | undefined {
  if (plan.refusal !== undefined) {
    return plan.refusal.test(ours.toString("latin1")) ? undefined : `not ${plan.refusal.source}`;
  }
  const compare = comparisonOf(request.command) ?? isSameBytes;
  const complaint = compare(ours, theirs, request.argv);
  const isCrossSlot = ours.toString("latin1") === CROSS_SLOT_REPLY;
  return isCrossSlot && complaint === undefined ? "CROSSSLOT for one slot" : complaint;
}

function walkOf(request: Request, isCrossSlot: boolean): Walk | undefined {
  const name = walkNameOf(request.command) ?? "";
  // A sound call shows its script to both servers by itself, and may be pipelined.
  if (name === "show-script" && !isCrossSlot && isSoundCall(request.argv)) return undefined;
  if (name === "hello" && !request.argv.some((word) => /^setname$/i.test(`${word}`)))
    return undefined;
  return WALKS[name] ?? OWN_WALKS[request.command];
}

/** EVAL script numkeys key …: whether the number of keys can be right; a call without one isn't looked at. */
function isSoundCall(argv: Argv): boolean {
  return argv.length < 3 || (/^\d$/.test(`${argv[2]}`) && Number(argv[2]) <= argv.length - 3);
}

/** Empties both servers and takes back what CONFIG SET changed. */
export async function emptyBoth(pair: SessionPair): Promise<void> {
  const commands: readonly Argv[] = [
    ["FLUSHALL"],
    ["FUNCTION", "FLUSH"],
    ["SCRIPT", "FLUSH"],
    ["CONFIG", "SET", "hash-max-listpack-entries", "128", "hash-max-listpack-value", "64"],
    ["CONFIG", "SET", "zset-max-listpack-entries", "128", "set-max-intset-entries", "512"],
    ["CONFIG", "SET", "list-max-listpack-size", "-2", "stream-node-max-entries", "100"],
  ];
  for (const argv of commands) {
    const replies = await pair.both(...argv);
    if (replies.some((reply) => reply.toString() !== "+OK\r\n")) {
      throw new Error(`${argv.join(" ")}: ${replies.join(" ")}`);
    }
  }
}

/** Runs one request on both, alone; says what is wrong. For the search for a small example. */
export async function runAlone(
  oracle: RespConnection,
  pair: SessionPair,
  request: Request,
): Promise<string | undefined> {
  const [isCrossSlot] = await findCrossSlot(oracle, [request.argv]);
  const plan = planOf(request, isCrossSlot === true);
  const walk = walkOf(request, isCrossSlot === true);
  if (walk !== undefined) return (await walk(pair, request.argv, plan.refusal)).complaint;
  if (plan.refusal !== undefined) {
    return judge(plan, request, await pair.ours.call(...request.argv), NOTHING);
  }
  const [ours, theirs] = await pair.both(...request.argv);
  pair.note(request.argv, ours);
  return judge(plan, request, ours, theirs);
}
