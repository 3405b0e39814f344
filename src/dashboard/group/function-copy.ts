/**
 * FUNCTION libraries belong to the whole product, but each server keeps its own: a new group's master gets those
 * of the other groups before it gets a slot, and differences between masters are shown.
 *
 * Libraries are loaded one by one from their code, not by FUNCTION RESTORE: a dump is bound to the version of
 * Redis that made it, and fails as a whole when one library is there already. What is done twice is the same
 * as what is done once.
 */
import { CodisError, messageOf } from "../../base/error.ts";
import { say } from "../../model/phrase/phrase.ts";
import type { Topology } from "../../model/topology/topology.ts";
import { RedisClient } from "../../redis/client.ts";
import { isVersionAtLeast, parseVersion } from "../../redis/info.ts";
import {
  type FunctionLibrary,
  loadFunction,
  readFunctions,
  readInfo,
} from "../../redis/server-command.ts";
import type { ServerFigures } from "../control.ts";

/** Which server gets the libraries. */
export interface FunctionCopy {
  /** A master, or a server that is to become one. */
  readonly addr: string;
  readonly groupId: number;
  readonly topology: Topology;
  readonly password: string;
  readonly timeoutMs?: number | undefined;
}

/** What was done. */
export interface FunctionCopyReport {
  /** The master that the libraries were taken from; undefined when there was nothing to take. */
  readonly from: string | undefined;
  /** Names of libraries that were loaded now. */
  readonly loaded: readonly string[];
  /** Names of libraries that were there already, with the same code. */
  readonly present: readonly string[];
  /** One line for each server that couldn't be asked or has no FUNCTION. */
  readonly skipped: readonly string[];
}

/** One library that isn't the same on all masters. */
export interface FunctionDifference {
  readonly library: string;
  /** Group id -> digest of the code; undefined: the group's master lacks it. */
  readonly digests: ReadonlyMap<number, string | undefined>;
  /** One line for people. */
  readonly text: string;
}

const TIMEOUT_MS = 5_000;

/**
 * Copies the libraries of the master with the lowest group id that has any. Throws SERVER_FUNCTIONS_FAILED
 * when the target has a library of the same name with other code, or refuses one; SERVER_UNREACHABLE or
 * SERVER_AUTH_FAILED when the target can't be asked. A target without FUNCTION, and other masters that can't
 * be asked, are passed over and named in the report.
 */
export async function copyFunctions(copy: FunctionCopy): Promise<FunctionCopyReport> {
  const skipped: string[] = [];
  const source = await findSource(copy, skipped);
  if (source === undefined) {
    return { from: undefined, loaded: [], present: [], skipped };
  }
  const client = await connect(copy, copy.addr);
  try {
    if (!(await hasFunctions(client))) {
      const names = source.libraries.map(({ name }) => name).join(", ");
      skipped.push(`server ${copy.addr}: no FUNCTION before Redis 7, so it doesn't get ${names}`);
      return { from: source.addr, loaded: [], present: [], skipped };
    }
    const there = await readTarget(client);
    const missing = source.libraries.filter(({ name }) => !there.has(name));
    for (const library of source.libraries) {
      const code = there.get(library.name);
      if (code !== undefined && !code.equals(library.code)) {
        throw failed(
          copy.addr,
          `has a library ${library.name} with other code than ${source.addr}; delete one of them ` +
            "(FUNCTION DELETE), or make them equal",
        );
      }
    }
    for (const library of missing) {
      await load(client, library, source.addr);
    }
    const loaded = missing.map(({ name }) => name);
    const present = source.libraries
      .map(({ name }) => name)
      .filter((name) => !loaded.includes(name));
    return { from: source.addr, loaded, present, skipped };
  } finally {
    client.close();
  }
}

/**
 * Libraries that differ between the masters of the groups, by name. Masters that didn't answer, or have no
 * FUNCTION at all, say nothing and aren't compared.
 */
export function compareFunctions(
  topology: Topology,
  figures: ReadonlyMap<string, ServerFigures>,
): readonly FunctionDifference[] {
  const masters = [...topology.groups.values()].flatMap((group) => {
    const addr = group.servers[0]?.addr;
    const functions = addr === undefined ? undefined : figures.get(addr)?.functions;
    return functions === undefined ? [] : [{ groupId: group.id, functions }];
  });
  const names = new Set(masters.flatMap(({ functions }) => Object.keys(functions)));
  const differences: FunctionDifference[] = [];
  for (const library of [...names].sort()) {
    const digests = new Map(
      masters.map(({ groupId, functions }) => [groupId, functions[library]] as const),
    );
    if (new Set(digests.values()).size > 1) {
      differences.push({ library, digests, text: describe(library, digests) });
    }
  }
  return differences;
}

interface Source {
  readonly addr: string;
  readonly libraries: readonly FunctionLibrary[];
}

async function findSource(copy: FunctionCopy, skipped: string[]): Promise<Source | undefined> {
  const groups = [...copy.topology.groups.values()].sort((one, other) => one.id - other.id);
  for (const group of groups) {
    const addr = group.servers[0]?.addr;
    if (group.id === copy.groupId || addr === undefined) {
      continue;
    }
    try {
      const libraries = await readAll(copy, addr);
      if (libraries === undefined) {
        skipped.push(`group ${group.id} ${addr}: no FUNCTION before Redis 7`);
      } else if (libraries.length > 0) {
        return { addr, libraries };
      }
    } catch (thrown) {
      skipped.push(`group ${group.id} ${messageOf(thrown)}`);
    }
  }
  return undefined;
}

async function readAll(
  copy: FunctionCopy,
  addr: string,
): Promise<readonly FunctionLibrary[] | undefined> {
  const client = await connect(copy, addr);
  try {
    return (await hasFunctions(client)) ? await readFunctions(client) : undefined;
  } finally {
    client.close();
  }
}

/** Code by name. */
async function readTarget(client: RedisClient): Promise<ReadonlyMap<string, Buffer>> {
  const libraries = await readFunctions(client);
  return new Map(libraries.map(({ name, code }) => [name, code]));
}

async function hasFunctions(client: RedisClient): Promise<boolean> {
  const version = parseVersion((await readInfo(client))["redis_version"]);
  return version !== undefined && isVersionAtLeast(version, 7, 0);
}

async function load(client: RedisClient, library: FunctionLibrary, from: string): Promise<void> {
  try {
    await loadFunction(client, library);
  } catch (thrown) {
    throw failed(
      client.addr,
      `doesn't take the library ${library.name} of ${from}: ${messageOf(thrown)}`,
      thrown,
    );
  }
}

function connect(copy: FunctionCopy, addr: string): Promise<RedisClient> {
  const timeoutMs = copy.timeoutMs ?? TIMEOUT_MS;
  return RedisClient.connect({
    addr,
    password: copy.password,
    connectTimeoutMs: timeoutMs,
    callTimeoutMs: timeoutMs,
  });
}

function failed(addr: string, problem: string, cause?: unknown): CodisError {
  return new CodisError("SERVER_FUNCTIONS_FAILED", `server ${addr} ${problem}`, {
    cause,
    context: { addr },
  });
}

function describe(library: string, digests: ReadonlyMap<number, string | undefined>): string {
  const lacking = [...digests].filter(([, digest]) => digest === undefined);
  const having = [...digests].filter(([, digest]) => digest !== undefined);
  const name = library;
  if (new Set(having.map(([, digest]) => digest)).size <= 1) {
    return say("functions.lacking", { name, groups: names(lacking) });
  }
  const others = having.map(([id, digest]) => `group ${id} ${digest?.slice(0, 8)}`).join(", ");
  return lacking.length === 0
    ? say("functions.other", { name, groups: others })
    : say("functions.both", { name, groups: names(lacking), others });
}

function names(groups: readonly (readonly [number, unknown])[]): string {
  return groups.map(([id]) => `group ${id}`).join(", ");
}
