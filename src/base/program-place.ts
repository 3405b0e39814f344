/**
 * Where this program is: a source tree that Bun runs, or the single executable that `npm run build` makes of it. In
 * the executable the files that a process reads for itself (the console, the module) lie in a file system of its own
 * under `/$bunfs/root`, by the same paths as in the tree. That file system can only be read, and by this process only:
 * what another program has to open must be copied out of it first.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where the runtime shows what is embedded. */
const EMBEDDED_ROOT = "/$bunfs/root";

/** Whether this is the single executable. */
export const IS_SINGLE_FILE: boolean = import.meta.dirname.startsWith(EMBEDDED_ROOT);

/** Argument with which the single executable is a worker process of `codis proxy`; for nobody else. */
export const WORKER_COMMAND = "proxy-worker";

const ROOT = IS_SINGLE_FILE ? EMBEDDED_ROOT : fileURLToPath(new URL("../..", import.meta.url));

/** Absolute path of something that belongs to the program, like `web/dist`; it may not be there. */
export function placeOf(path: string): string {
  return join(ROOT, path);
}

/**
 * The program to start for a child of this process: the very file that this process was started from, even when
 * another version has taken its place or it was deleted. In a source tree it is the runtime, by its path.
 */
export function ownProgram(): string {
  return IS_SINGLE_FILE && process.platform === "linux"
    ? `/proc/${process.pid}/exe`
    : process.execPath;
}

/** What was started as `ownProgram()` is called `exe` in lists of processes until it calls itself otherwise. */
export function takeProgramName(): void {
  try {
    writeFileSync("/proc/self/comm", "codis");
  } catch {
    // Only Linux has it, and it is only for people who look.
  }
}

/**
 * `proxy` when the single executable was started by the name `codis-proxy`, as the old programs of Codis are called;
 * undefined for any other name, and in a source tree, where each of them is a file of its own.
 */
export function oldProgramName(
  argv0: string = process.argv0,
  isSingleFile: boolean = IS_SINGLE_FILE,
): string | undefined {
  return isSingleFile
    ? /(?:^|\/)codis-(proxy|dashboard|admin|config|ha|fe|server)$/.exec(argv0)?.[1]
    : undefined;
}
