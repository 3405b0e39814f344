/**
 * A tree of nodes that changes as ZooKeeper's does: transactions of steps, all or none, with its rules for
 * data versions, counts of children, change numbers and names of sequential nodes. For tests of what is
 * planned on such a tree; `zookeeper-session.test.ts` has the same things done by a real server.
 */
import type { SeenNode } from "../../src/coordinator/zookeeper/chunk-plan.ts";
import type { Step } from "../../src/coordinator/zookeeper/protocol.ts";

interface ModelNode {
  bytes: Buffer | null;
  version: number;
  mzxid: bigint;
  czxid: bigint;
  isEphemeral: boolean;
  /** Children ever made. */
  madeCount: number;
  childCount: number;
}

/** A text as callers see it. */
export interface ModelText {
  readonly data: string;
  readonly version: string;
}

/** The tree, empty but for its root. */
export class ZookeeperModel {
  #nodes = new Map<string, ModelNode>();
  #zxid = 0n;

  constructor() {
    this.#nodes.set("/", newNode(null, 0n, false));
  }

  /** Does all steps, and gives the number of the change; or undefined, and nothing is done. */
  run(steps: readonly Step[]): bigint | undefined {
    const before = structuredClone([...this.#nodes]);
    const zxid = this.#zxid + 1n;
    if (steps.every((step) => this.#do(step, zxid))) {
      this.#zxid = zxid;
      return zxid;
    }
    this.#nodes = new Map(
      before.map(([path, node]) => [
        path,
        { ...node, bytes: node.bytes === null ? null : Buffer.from(node.bytes) },
      ]),
    );
    return undefined;
  }

  seen(path: string): SeenNode | undefined {
    const node = this.#nodes.get(path);
    return node && { stat: statOf(node), hasText: hasText(node) };
  }

  text(path: string): ModelText | undefined {
    const node = this.#nodes.get(path);
    return node?.bytes != null && hasText(node)
      ? { data: node.bytes.toString(), version: node.mzxid.toString(16) }
      : undefined;
  }

  paths(): readonly string[] {
    return [...this.#nodes.keys()].sort();
  }

  #do(step: Step, zxid: bigint): boolean {
    switch (step.do) {
      case "create":
        return this.#create(step, zxid);
      case "set":
        return this.#set(step, zxid);
      case "delete":
        return this.#delete(step);
      case "check":
        return this.#fits(step.path, step.version);
    }
  }

  #create(step: Extract<Step, { do: "create" }>, zxid: bigint): boolean {
    const parent = this.#nodes.get(parentOf(step.path));
    if (parent === undefined || parent.isEphemeral) {
      return false;
    }
    const count = String(parent.madeCount).padStart(10, "0");
    const path = step.kind === "sequential" ? step.path + count : step.path;
    if (this.#nodes.has(path)) {
      return false;
    }
    parent.madeCount += 1;
    parent.childCount += 1;
    this.#nodes.set(path, newNode(step.bytes, zxid, step.kind === "ephemeral"));
    return true;
  }

  #set(step: Extract<Step, { do: "set" }>, zxid: bigint): boolean {
    const node = this.#nodes.get(step.path);
    if (node === undefined || !this.#fits(step.path, step.version)) {
      return false;
    }
    node.bytes = step.bytes;
    node.version += 1;
    node.mzxid = zxid;
    return true;
  }

  #delete(step: Step & { readonly version: number }): boolean {
    const node = this.#nodes.get(step.path);
    if (node === undefined || node.childCount > 0 || !this.#fits(step.path, step.version)) {
      return false;
    }
    this.#nodes.delete(step.path);
    const parent = this.#nodes.get(parentOf(step.path));
    if (parent !== undefined) {
      parent.childCount -= 1;
    }
    return true;
  }

  #fits(path: string, version: number): boolean {
    const node = this.#nodes.get(path);
    return node !== undefined && (version === -1 || version === node.version);
  }
}

function newNode(bytes: Buffer | null, zxid: bigint, isEphemeral: boolean): ModelNode {
  return {
    bytes,
    version: 0,
    mzxid: zxid,
    czxid: zxid,
    isEphemeral,
    madeCount: 0,
    childCount: 0,
  };
}

function statOf(node: ModelNode): SeenNode["stat"] {
  return {
    czxid: node.czxid,
    mzxid: node.mzxid,
    version: node.version,
    cversion: 2 * node.madeCount - node.childCount,
    ephemeralOwner: node.isEphemeral ? 1n : 0n,
    dataLength: node.bytes?.length ?? 0,
    childCount: node.childCount,
  };
}

function hasText(node: ModelNode): boolean {
  return node.bytes !== null && (node.bytes.length > 0 || node.childCount === 0);
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
}
