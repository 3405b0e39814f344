/**
 * Nodes that end with their process: beside each lies a record that says whose it is and what its text was.
 * A node belongs to its record only as long as it has that very text; what anybody else wrote in its place is
 * a node like any other, and is never removed or replaced because of the record.
 *
 * Invariant: a record is durable before its node is there, and goes after it. A node whose owner is gone
 * counts as absent for everybody, and is removed by whoever comes across it.
 */
import { readdirSync, readFileSync, rmSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { systemCodeOf } from "../../base/error.ts";
import { replaceFile } from "./durable-file.ts";
import { isMissing } from "./failure.ts";
import type { FolderLayout } from "./layout.ts";
import { listNames, type NodeFile, readNodeFile } from "./node-file.ts";
import { isAlive, makerOf, type SignOfLife } from "./sign-of-life.ts";

/** Whose a node is. */
export interface OwnerRecord {
  /** Id of the owner's sign of life. */
  readonly owner: string;
  /** Digest of the node's text. */
  readonly digest: string;
  /** An owner that gives no sign of life for so long is gone. */
  readonly ttlMs: number;
}

/** `plain`: of nobody, or of a program that knows no records. `gone`: its owner has died or is frozen. */
export type NodeState = "plain" | "kept" | "gone";

/** Depth of the folders that are swept: a product's paths have five names at most. */
const SWEEP_DEPTH_MAX = 16;

/** The record of a node; undefined when there is none, or it isn't one. Throws system errors. */
function readRecord(layout: FolderLayout, path: string): OwnerRecord | undefined {
  let text: string;
  try {
    text = readFileSync(layout.recordOf(path), "utf8");
  } catch (thrown) {
    if (isMissing(thrown) || systemCodeOf(thrown) === "EISDIR") {
      return undefined;
    }
    throw thrown;
  }
  return parseRecord(text);
}

/** Makes or replaces the record of a node, durably. Under the lock. Throws system errors. */
export function writeRecord(
  layout: FolderLayout,
  path: string,
  life: SignOfLife,
  record: Omit<OwnerRecord, "owner">,
): void {
  const text = JSON.stringify({ path, owner: life.id, ...record });
  replaceFile(life.tempName(), layout.recordOf(path), `${text}\n`);
}

/** What a node's owner is doing. Throws system errors. */
export function stateOf(layout: FolderLayout, node: NodeFile): NodeState {
  const record = readRecord(layout, node.path);
  if (record === undefined || record.digest !== node.digest) {
    return "plain";
  }
  return isAlive(layout, record.owner, record.ttlMs) ? "kept" : "gone";
}

/** The node as everybody should see it: absent when its owner is gone. Throws system errors. */
export function readNode(layout: FolderLayout, path: string): NodeFile | undefined {
  const node = readNodeFile(layout, path);
  return node === undefined || stateOf(layout, node) === "gone" ? undefined : node;
}

/** Names of children, in order, whose owner is gone. Throws system errors. */
export function listGone(layout: FolderLayout, path: string): readonly string[] {
  return listNames(layout.recordOf(path)).filter((name) => {
    const node = readNodeFile(layout, `${path}/${name}`);
    return node !== undefined && stateOf(layout, node) === "gone";
  });
}

/** Whether the node is there, with the text that its owner gave it. Throws system errors. */
export function isOwnedBy(layout: FolderLayout, path: string, life: SignOfLife): boolean {
  const record = readRecord(layout, path);
  const node = record?.owner === life.id ? readNodeFile(layout, path) : undefined;
  return node !== undefined && node.digest === record?.digest;
}

/** Removes a node and its record if the owner is still the one given. Under the lock. */
export function removeOwned(layout: FolderLayout, path: string, ownerId: string): void {
  const record = readRecord(layout, path);
  if (record?.owner !== ownerId) {
    return;
  }
  if (readNodeFile(layout, path)?.digest === record.digest) {
    unlinkSync(layout.fileOf(path));
  }
  unlinkSync(layout.recordOf(path));
}

/** Removes a node, and its record, if its owner is gone. Under the lock. */
export function removeGone(layout: FolderLayout, path: string): void {
  const record = readRecord(layout, path);
  if (record !== undefined && !isAlive(layout, record.owner, record.ttlMs)) {
    removeOwned(layout, path, record.owner);
  }
}

/** Removes all that processes have left that are gone: nodes, signs of life, temporary files. Under the lock. */
export function sweep(layout: FolderLayout): void {
  sweepRecords(layout, "", 0);
  for (const id of listNames(layout.alive)) {
    if (!isAlive(layout, id, Number.POSITIVE_INFINITY)) {
      rmSync(join(layout.alive, id), { force: true });
    }
  }
  for (const name of listNames(layout.temp)) {
    const id = makerOf(name);
    if (id !== undefined && !isAlive(layout, id, Number.POSITIVE_INFINITY)) {
      rmSync(join(layout.temp, name), { force: true });
    }
  }
}

function sweepRecords(layout: FolderLayout, path: string, depth: number): void {
  if (depth > SWEEP_DEPTH_MAX) {
    return;
  }
  let entries: readonly { readonly name: string; isDirectory(): boolean }[];
  try {
    entries = readdirSync(layout.recordOf(path), { withFileTypes: true });
  } catch (thrown) {
    if (isMissing(thrown)) {
      return;
    }
    throw thrown;
  }
  for (const entry of entries) {
    const child = `${path}/${entry.name}`;
    if (entry.isDirectory()) {
      sweepRecords(layout, child, depth + 1);
    } else {
      removeGone(layout, child);
    }
  }
}

function parseRecord(text: string): OwnerRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not a record of ours: then the node is plain, and nobody takes it from anybody.
    return undefined;
  }
  if (typeof value !== "object" || value === null) {
    return undefined;
  }
  const { owner, digest, ttlMs } = value as Readonly<Record<string, unknown>>;
  return typeof owner === "string" && typeof digest === "string" && typeof ttlMs === "number"
    ? { owner, digest, ttlMs }
    : undefined;
}
