/**
 * A fence as the coordinator keeps it, so that the next leader knows what this one relied on: one node for each
 * fenced proxy, `/codis-ext/{product}/fence/{token}`. It is written before anybody goes on without the proxy, and
 * deleted before the proxy is let in again.
 */
import { ABSENT, ANY } from "../../../coordinator/coordinator.ts";
import { FENCE_PROOFS, type FenceProof } from "../../../model/availability/fence.ts";
import { coordinatorPath } from "../../../model/coordinator-path.ts";
import { parseJsonNode, RecordReader } from "../../../model/json-record.ts";
import { isProxyToken } from "../../../model/proxy-model.ts";
import type { ProductStorage } from "../../control.ts";

const TIME_MAX = Number.MAX_SAFE_INTEGER;
/** Text of a node that says: no fence. */
const LIFTED = JSON.stringify({ lifted: true });

/** What is stored of a fence. */
export interface FenceRecord {
  readonly token: string;
  readonly proof: FenceProof;
  /** `processOf` of the proxy's process that it is about. */
  readonly process: string;
  /** Wall clock, milliseconds. */
  readonly atMs: number;
  /** How it is known, one clause. */
  readonly text: string;
}

/**
 * The fences of a product in the coordinator. Methods reject with the coordinator's codes, and with MODEL_INVALID for
 * a node that is garbage.
 */
export class FenceNodes {
  readonly #storage: ProductStorage;
  readonly #product: string;

  constructor(storage: ProductStorage, product: string) {
    this.#storage = storage;
    this.#product = product;
  }

  /** All that hold. */
  async readAll(): Promise<readonly FenceRecord[]> {
    const nodes = await this.#storage.readChildren(coordinatorPath.fences(this.#product));
    return nodes
      .map(({ path, data }) => decodeFence(data, path))
      .filter((record) => record !== undefined);
  }

  /**
   * Durable when it resolves. After COORDINATOR_UNREACHABLE it may be there, now or a little later: until `lift` has
   * resolved.
   */
  async put(record: FenceRecord): Promise<void> {
    const { token, proof, process, atMs, text } = record;
    const path = this.#pathOf(token);
    // On condition of what is there: what `lift` leaves keeps a write out that comes too late.
    const expected = (await this.#storage.get(path))?.version ?? ABSENT;
    const data = JSON.stringify({ token, proof, process, at_ms: atMs, text });
    await this.#storage.write([{ path, data, expected }]);
  }

  /** Gone when it resolves; that there is none is fine. */
  async delete(token: string): Promise<void> {
    await this.#storage.write([{ path: this.#pathOf(token), data: undefined, expected: ANY }]);
  }

  /** As `delete`, where a `put` may still be on its way: a node without a fence stays, which keeps it out. */
  async lift(token: string): Promise<void> {
    await this.#storage.write([{ path: this.#pathOf(token), data: LIFTED, expected: ANY }]);
  }

  #pathOf(token: string): string {
    return coordinatorPath.fence(this.#product, token);
  }
}

/** Undefined: the fence was lifted. */
function decodeFence(data: string, path: string): FenceRecord | undefined {
  if (data === LIFTED) {
    return undefined;
  }
  const fields = new RecordReader(parseJsonNode(data, path), path);
  return {
    token: fields.textLike("token", isProxyToken, "the token of a proxy"),
    proof: fields.oneOf("proof", FENCE_PROOFS),
    process: fields.text("process"),
    atMs: fields.int("at_ms", 0, TIME_MAX),
    text: fields.text("text"),
  };
}
