/**
 * The commands that a coordinator in another process is told, and what carries them out. The process
 * (`coordinator-client.ts`) reads them from stdin, one JSON object a line; the memory coordinator, which
 * lives in one process only, runs them directly.
 */

import { CodisError, isCodisError, messageOf } from "../../src/base/error.ts";
import {
  ABSENT,
  type Coordinator,
  type Leadership,
  type LeadershipRequest,
  type NodeWrite,
  type Registration,
} from "../../src/coordinator/coordinator.ts";

/** A write as JSON can say it: null deletes. */
export interface PlainWrite {
  readonly path: string;
  readonly data: string | null;
  readonly expected: string;
}

/** One thing to do. */
export type ClientCommand =
  | { readonly do: "lead"; readonly request: LeadershipRequest }
  | { readonly do: "held" | "confirm" | "release" | "close" }
  | { readonly do: "get" | "list" | "readChildren"; readonly path: string }
  | { readonly do: "write"; readonly isFenced: boolean; readonly writes: readonly PlainWrite[] }
  /**
   * Writes `path/n0` … `path/n{count-1}` in one batch with `loopText(round, size)`, round after round until the
   * process dies or a write fails; tells `wrote` with the number of each round that was acknowledged.
   */
  | {
      readonly do: "writeLoop";
      readonly isFenced: boolean;
      readonly path: string;
      readonly count: number;
      readonly size: number;
    }
  | {
      readonly do: "register";
      readonly path: string;
      readonly data: string;
      readonly ttlMs: number;
    }
  | { readonly do: "registered" }
  /** Adds one to the number in a node so many times, each time from the version read, again after a conflict. */
  | { readonly do: "count"; readonly path: string; readonly times: number };

/** What a client tells by itself: `lost` (text: the line), `problem`, `wrote` (text: the round), `stopped`. */
export interface ClientEvent {
  readonly event: "lost" | "problem" | "wrote" | "stopped";
  readonly text: string;
}

/** A text that shows whether it is whole: the round at both ends, filled up to about `size` bytes. */
export function loopText(round: number, size: number): string {
  return `${round} ${"x".repeat(size)} ${round}`;
}

/** The round of a whole text of `loopText`; undefined for anything else. */
export function roundOf(text: string): number | undefined {
  const match = /^(\d+) x* (\d+)$/.exec(text);
  return match !== null && match[1] === match[2] ? Number(match[1]) : undefined;
}

/** Carries out commands on one coordinator, one leadership and one registration at a time. */
export class CommandRunner {
  readonly #coordinator: Coordinator;
  readonly #tell: (event: ClientEvent) => void;
  #leadership: Leadership | undefined;
  #registration: Registration | undefined;

  constructor(coordinator: Coordinator, tell: (event: ClientEvent) => void) {
    this.#coordinator = coordinator;
    this.#tell = tell;
  }

  async run(command: ClientCommand): Promise<unknown> {
    switch (command.do) {
      case "lead":
        return this.#lead(command.request);
      case "held":
        return this.#leader().isHeld();
      case "confirm":
        return this.#leader().confirm();
      case "release":
        return this.#leader().release();
      case "get":
        return (await this.#coordinator.get(command.path)) ?? null;
      case "list":
        return this.#coordinator.list(command.path);
      case "readChildren":
        return this.#coordinator.readChildren(command.path);
      case "count":
        return this.#count(command.path, command.times);
      case "write":
        return (command.isFenced ? this.#leader() : this.#coordinator).write(
          command.writes.map((write) => ({ ...write, data: write.data ?? undefined })),
        );
      case "writeLoop":
        this.#loop(command).catch((thrown: unknown) => {
          this.#tell({ event: "stopped", text: describe(thrown) });
        });
        return undefined;
      case "register":
        this.#registration = this.#coordinator.register(command.path, command.data, {
          ttlMs: command.ttlMs,
          onProblem: (line) => this.#tell({ event: "problem", text: line }),
        });
        return undefined;
      case "registered":
        return this.#registration?.isRegistered() ?? false;
      case "close":
        return this.#coordinator.close();
    }
  }

  async #lead(request: LeadershipRequest): Promise<number> {
    const leadership = await this.#coordinator.lead(request);
    this.#leadership = leadership;
    leadership.lost.then(
      (line) => this.#tell({ event: "lost", text: line }),
      (thrown: unknown) =>
        this.#tell({ event: "stopped", text: `lost rejected: ${describe(thrown)}` }),
    );
    return leadership.epoch;
  }

  #leader(): Leadership {
    if (this.#leadership === undefined) {
      throw new CodisError("INTERNAL", "the client wasn't told to lead before");
    }
    return this.#leadership;
  }

  async #count(path: string, times: number): Promise<void> {
    for (let done = 0; done < times; ) {
      const node = await this.#coordinator.get(path);
      const data = `${Number(node?.data ?? 0) + 1}`;
      try {
        await this.#coordinator.write([{ path, data, expected: node?.version ?? ABSENT }]);
        done += 1;
      } catch (thrown) {
        if (!isCodisError(thrown, "COORDINATOR_CONFLICT")) {
          throw thrown;
        }
      }
    }
  }

  async #loop(command: Extract<ClientCommand, { do: "writeLoop" }>): Promise<never> {
    const writer = command.isFenced ? this.#leader() : this.#coordinator;
    for (let round = 1; ; round += 1) {
      const writes: NodeWrite[] = [];
      for (let index = 0; index < command.count; index += 1) {
        const path = `${command.path}/n${index}`;
        writes.push({ path, data: loopText(round, command.size), expected: "any" });
      }
      await writer.write(writes);
      this.#tell({ event: "wrote", text: `${round}` });
    }
  }
}

function describe(thrown: unknown): string {
  return isCodisError(thrown) ? `${thrown.code}: ${thrown.message}` : messageOf(thrown);
}
