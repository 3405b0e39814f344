/**
 * The two system calls that the runtime has no function for: `flock`, and the monotonic clock that all
 * processes of a machine share. The only use of the runtime's own modules in this room.
 */
import { dlopen, ptr } from "bun:ffi";
import { CodisError, messageOf } from "../../base/error.ts";

const LOCK_SHARED = 1;
const LOCK_EXCLUSIVE = 2;
const LOCK_DONT_WAIT = 4;
const UNLOCK = 8;
const CLOCK_MONOTONIC = 1;

/** Names of the C library: glibc, musl, and whatever the linker knows. */
const LIBRARIES = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1", "libc.so"];

const SYMBOLS = {
  flock: { args: ["i32", "i32"], returns: "i32" },
  clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
} as const;

const library = openLibrary();
const time = new BigInt64Array(2);

/**
 * Locks an open file without waiting. False when another open file has it locked, and also when this file
 * system can't lock. The lock ends when the file is closed, by a kill -9 as well.
 */
export function tryLock(fd: number, kind: "shared" | "exclusive"): boolean {
  const operation = kind === "shared" ? LOCK_SHARED : LOCK_EXCLUSIVE;
  return library.symbols.flock(fd, operation | LOCK_DONT_WAIT) === 0;
}

/** Gives a lock back without closing the file. */
export function unlock(fd: number): void {
  library.symbols.flock(fd, UNLOCK);
}

/** Whole milliseconds on the clock of the machine, the same in all its processes; starts anew at boot. */
export function machineTimeMs(): number {
  if (library.symbols.clock_gettime(CLOCK_MONOTONIC, ptr(time)) !== 0) {
    throw new CodisError("INTERNAL", "the system has no monotonic clock");
  }
  return Number(time[0]) * 1_000 + Math.floor(Number(time[1]) / 1_000_000);
}

function openLibrary(): ReturnType<typeof dlopen<typeof SYMBOLS>> {
  let problem = "";
  for (const name of LIBRARIES) {
    try {
      return dlopen(name, SYMBOLS);
    } catch (thrown) {
      problem = messageOf(thrown);
    }
  }
  throw new CodisError(
    "INTERNAL",
    `the filesystem coordinator needs flock of the C library: ${problem}`,
  );
}
