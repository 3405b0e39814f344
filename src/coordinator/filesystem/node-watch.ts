/**
 * Watches of files by looking at them again and again: it works on every file system, for writes of the
 * original and of editors too, and finds nodes whose owner has just died, which no event tells of.
 *
 * Cheap looks (the times of two folders and a file) come often; every few of them one looks at all children.
 * All programs write by renaming, which changes the time of the folder; the full look is for everything else.
 */
import { createHash } from "node:crypto";
import { type BigIntStats, statSync } from "node:fs";
import type { Clock, ClockTimer } from "../../base/clock.ts";
import type { Watch } from "../coordinator.ts";
import { isMissing } from "./failure.ts";
import type { FolderLayout } from "./layout.ts";
import { listNames } from "./node-file.ts";
import { listGone } from "./ownership.ts";

/** Between two looks. */
const LOOK_MS = 200;
/** Each so many looks are full ones. */
const FULL_LOOKS = 4;

/** One path that is watched. */
interface Watched {
  readonly path: string;
  readonly onChange: () => void;
  quick: string;
  full: string;
}

/** All watches of one connection, with one timer. */
export class NodeWatcher {
  readonly #layout: FolderLayout;
  readonly #clock: Clock;
  /** Removes nodes whose owner is gone; must not throw. */
  readonly #reap: (paths: readonly string[]) => void;
  readonly #watched = new Set<Watched>();
  #timer: ClockTimer | undefined;
  #looks = 0;

  constructor(layout: FolderLayout, clock: Clock, reap: (paths: readonly string[]) => void) {
    this.#layout = layout;
    this.#clock = clock;
    this.#reap = reap;
  }

  add(path: string, onChange: () => void): Watch {
    const watched = { path, onChange, quick: this.#quickSign(path), full: this.#fullSign(path) };
    this.#watched.add(watched);
    this.#arm(LOOK_MS);
    return {
      close: () => {
        this.#watched.delete(watched);
      },
    };
  }

  /** Something was changed by this process: the next look is a full one, and comes now. */
  poke(): void {
    if (this.#watched.size > 0) {
      this.#looks = 0;
      this.#timer?.cancel();
      this.#timer = undefined;
      this.#arm(0);
    }
  }

  close(): void {
    this.#watched.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(delayMs: number): void {
    this.#timer ??= this.#clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#lookAtAll();
      if (this.#watched.size > 0) {
        this.#arm(LOOK_MS);
      }
    });
  }

  #lookAtAll(): void {
    const isFull = this.#looks % FULL_LOOKS === 0;
    this.#looks += 1;
    const gone: string[] = [];
    for (const one of [...this.#watched]) {
      if (!this.#watched.has(one)) {
        continue;
      }
      const quick = this.#quickSign(one.path);
      let hasChanged = quick !== one.quick;
      if (isFull || hasChanged) {
        const full = this.#fullSign(one.path);
        hasChanged ||= full !== one.full;
        one.full = full;
        gone.push(...this.#findGone(one.path));
      }
      one.quick = quick;
      if (hasChanged) {
        one.onChange();
      }
    }
    if (gone.length > 0) {
      this.#reap(gone);
    }
  }

  #quickSign(path: string): string {
    return describe(() => signOf(this.#layout.fileOf(path)));
  }

  #fullSign(path: string): string {
    const folder = this.#layout.fileOf(path);
    const hash = createHash("sha256");
    for (const name of describeList(() => listNames(folder))) {
      hash.update(`${name}\n${describe(() => signOf(`${folder}/${name}`))}\n`);
    }
    return hash.digest("base64url");
  }

  #findGone(path: string): readonly string[] {
    return describeList(() => listGone(this.#layout, path)).map((name) => `${path}/${name}`);
  }
}

/** Differs after every change of a file, and of a folder's list. */
function signOf(file: string): string {
  let stat: BigIntStats;
  try {
    stat = statSync(file, { bigint: true });
  } catch (thrown) {
    if (isMissing(thrown)) {
      return "";
    }
    throw thrown;
  }
  return `${stat.ino} ${stat.size} ${stat.mtimeNs}`;
}

/** What can't be read now is a state as well: its end is a change, which is told like any other. */
function describe(read: () => string): string {
  try {
    return read();
  } catch (thrown) {
    return String(thrown);
  }
}

function describeList(read: () => readonly string[]): readonly string[] {
  try {
    return read();
  } catch (thrown) {
    return [String(thrown)];
  }
}
