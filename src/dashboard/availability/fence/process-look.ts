/**
 * Whether all processes of a proxy are gone, its workers included: the proof that needs nobody's help, where the
 * proxy ran on this very machine. Seen in /proc, never guessed:
 *
 *     another boot, or another namespace of process ids      unknown: its processes can't be seen from here
 *     its process id with its start time, in any state        alive, a frozen one too
 *     a process id that was used again                        not it
 *     any process that carries the proxy's mark               a worker that is left: alive
 *
 * Its remains (a zombie) can't write: all its threads have ended.
 */
import { readdirSync, readFileSync } from "node:fs";
import { systemCodeOf } from "../../../base/error.ts";
import {
  birthOfThisProcess,
  type ProcessBirth,
  parseProcessBirth,
  startTicksOf,
  workerMark,
} from "../../../model/local-process.ts";
import { say } from "../../../model/phrase/phrase.ts";
import type { ProxyModel } from "../../../model/proxy-model.ts";

/** `gone` is a proof; the others aren't, and `text` says why, one clause. */
export interface ProcessLook {
  readonly state: "gone" | "alive" | "unknown";
  readonly text: string;
}

/** What a look depends on; replaced in tests. */
export interface ProcessSight {
  /** Of the program that looks; undefined: it can't tell. */
  birth(): ProcessBirth | undefined;
  /** Whether this user sees the processes of all users. */
  seesAll(): boolean;
  processIds(): readonly number[];
  /** A file of /proc/PID; undefined: there is no such process (any more). Throws when it may not be read. */
  read(pid: number, file: "stat" | "cmdline"): string | undefined;
}

/** /proc of this machine. */
export const localSight: ProcessSight = {
  birth: birthOfThisProcess,
  seesAll: () => {
    const proc = readFileSync("/proc/self/mounts", "utf8")
      .split("\n")
      .map((line) => line.split(" "))
      .filter(([, place, kind]) => place === "/proc" && kind === "proc");
    const isHidden = (options: string): boolean =>
      /(^|,)(hidepid=(?!0(,|$)|off(,|$))|subset=pid)/.test(options);
    return proc.length > 0 && proc.every(([, , , options = ""]) => !isHidden(options));
  },
  processIds: () =>
    readdirSync("/proc")
      .map(Number)
      .filter((pid) => Number.isInteger(pid)),
  read: (pid, file) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, "utf8");
    } catch (thrown) {
      if (["ENOENT", "ESRCH"].includes(systemCodeOf(thrown) ?? "")) {
        return undefined;
      }
      throw thrown;
    }
  },
};

/** Looks now. `model` is that of the newest process that may ever have served. Never throws. */
export function lookForProcesses(
  model: Pick<ProxyModel, "token" | "pid" | "processBirth" | "hostname">,
  sight: ProcessSight = localSight,
): ProcessLook {
  const born = parseProcessBirth(model.processBirth ?? "");
  if (born === undefined) {
    return unknown(say("fence.unnamed", {}));
  }
  try {
    const here = sight.birth();
    if (here === undefined) {
      return unknown(say("fence.blind", {}));
    }
    if (here.bootId !== born.bootId) {
      return unknown(say("fence.elsewhere", { host: model.hostname }));
    }
    if (here.pidNamespace !== born.pidNamespace) {
      return unknown(say("fence.container", {}));
    }
    if (!sight.seesAll()) {
      return unknown(say("fence.hidden", {}));
    }
    return lookHere(model.token, model.pid, born, sight);
  } catch (thrown) {
    return unknown(`its processes can't be looked at: ${systemCodeOf(thrown) ?? String(thrown)}`);
  }
}

function lookHere(
  token: string,
  pid: number,
  born: ProcessBirth,
  sight: ProcessSight,
): ProcessLook {
  const stat = sight.read(pid, "stat");
  if (stat !== undefined && startTicksOf(stat) === born.startTicks) {
    return { state: "alive", text: say("fence.process", { pid }) };
  }
  const mark = workerMark(token);
  const worker = sight
    .processIds()
    .find((each) => sight.read(each, "cmdline")?.split("\0").includes(mark) === true);
  return worker === undefined
    ? { state: "gone", text: say("fence.ended", { pid }) }
    : { state: "alive", text: say("fence.worker", { pid: worker }) };
}

function unknown(text: string): ProcessLook {
  return { state: "unknown", text };
}
