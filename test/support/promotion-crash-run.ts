/**
 * A group whose master is changed again and again by leaders that are killed (SIGKILL) in the middle, each at another
 * point, while a client writes through both proxies; the next leader ends what was begun. After each round the roles
 * are as stored, the group is served, and the master has every write that was acknowledged.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { waitFor, withDeadline } from "./deadline.ts";
import { ask, PromotionProduct } from "./promotion-product.ts";
import { ROOT } from "./source-tree.ts";

/** Where a leader is killed; see `promotion-child.ts`. */
export type CrashPoint = "write" | "sync" | "call" | "called";

/** What a round did. */
export interface CrashRound {
  /** False: the promotion was over before the point came. */
  readonly wasKilled: boolean;
  /** Whether the group has another master. */
  readonly hasChanged: boolean;
  readonly acknowledged: number;
}

const CHILD = join(ROOT, "test/support/promotion-child.ts");
const CHILD_MS = 45_000;
const PER_SECOND = 300;

/** See the file head. */
export class PromotionCrashRun {
  readonly #product: PromotionProduct;
  #child: ChildProcess | undefined;
  #text = "";
  #members: readonly string[];
  #rounds = 0;
  /** What must never be. */
  readonly violations: string[] = [];

  /** Builds the product: one group of three servers, two proxies. */
  static async start(): Promise<PromotionCrashRun> {
    const product = await PromotionProduct.start([3]);
    const members = product.members();
    await product.resign();
    return new PromotionCrashRun(product, members);
  }

  private constructor(product: PromotionProduct, members: readonly string[]) {
    this.#product = product;
    this.#members = members;
  }

  /** One promotion, killed at its n-th point of this kind. */
  async round(point: CrashPoint, at: number): Promise<CrashRound> {
    this.#rounds += 1;
    await this.#takeOver();
    const [from = "", to = ""] = this.#members;
    const load = await this.#product.startLoad(`r${this.#rounds}`, this.#rounds % 2, PER_SECOND);
    this.#child?.stdin?.write(`promote ${point} ${at} ${to}\n`);
    await this.#until(() => this.#isGone() || this.#text.includes("ended "));
    const wasKilled = this.#isGone();
    await this.#kill();
    await this.#takeOver();
    await Bun.sleep(100);
    await load.stop();
    await this.#kill();
    await this.#check(load.acknowledged, (addr) => load.missingAt(addr));
    return {
      wasKilled,
      hasChanged: this.#members[0] !== from,
      acknowledged: load.acknowledged.size,
    };
  }

  async stop(): Promise<void> {
    await this.#kill();
    await this.#product.stop();
  }

  /** The next leader; resolves when it has ended what was left. */
  async #takeOver(): Promise<void> {
    const child = spawn(process.execPath, [CHILD, this.#product.folder.path], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child = child;
    this.#text = "";
    const keep = (part: Buffer): void => {
      this.#text += part.toString();
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    await this.#until(() => this.#text.includes("rested\n"));
  }

  async #until(isThere: () => boolean): Promise<void> {
    await waitFor("progress of a leader", CHILD_MS, () => {
      if (this.#child?.exitCode !== null) {
        throw new Error(`it ended: ${this.#text}`);
      }
      return isThere() ? true : undefined;
    }).catch((thrown: unknown) => {
      throw new Error(this.#text, { cause: thrown });
    });
  }

  #isGone(): boolean {
    return this.#child?.signalCode === "SIGKILL";
  }

  async #kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child !== undefined && child.signalCode === null && child.exitCode === null) {
      const ended = once(child, "close");
      child.kill("SIGKILL");
      await withDeadline("end of a leader", CHILD_MS, ended);
    }
  }

  /** A desk looks: what is stored is real, and nothing is lost. */
  async #check(
    acknowledged: ReadonlySet<string>,
    missingAt: (addr: string) => Promise<readonly string[]>,
  ): Promise<void> {
    await this.#product.lead();
    if (this.#product.state() !== "") {
      this.violations.push(`round ${this.#rounds}: the group is left ${this.#product.state()}`);
    }
    await this.#product.whenWell();
    this.#members = this.#product.members();
    const [master = "", ...others] = this.#members;
    await this.#product.whenServedBy(master);
    const missing = await missingAt(master);
    if (missing.length > 0) {
      this.violations.push(
        `round ${this.#rounds}: ${missing.length} of ${acknowledged.size} writes are lost`,
      );
    }
    for (const addr of others) {
      const answer = await ask(addr, "SET", "direct", "1");
      if (!answer.startsWith("READONLY")) {
        this.violations.push(`round ${this.#rounds}: ${addr} takes writes: ${answer}`);
      }
    }
    await this.#product.resign();
  }
}
