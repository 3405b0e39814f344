/**
 * Why an operation pauses or makes no progress, as a code: programs and the console choose by it what to do, so that
 * the line for people may change. It is told from that line here, beside those who write it, and nowhere else: the
 * line is all that is stored, also by earlier releases.
 */

/** See `TroubleCode`. */
export const TROUBLE_CODES = [
  "target_memory",
  "big_key",
  "foreign_key",
  "proxy",
  "replicas",
  "version",
  "role",
  "loading",
  "no_server",
  "unreachable",
  "other",
] as const;
/**
 * `target_memory`: the target is full. `big_key`: a key would hold up its server too long. `foreign_key`: a server
 * has a key of a slot that isn't its group's. `proxy`: a proxy doesn't follow. `replicas`: replicas of a target don't
 * acknowledge. `version`: the target can't read what the source sends. `role`: a master isn't one. `loading`: a
 * server reads its data from disk. `no_server`: a group is empty. `unreachable`: a server doesn't answer.
 */
export type TroubleCode = (typeof TROUBLE_CODES)[number];

/** Words of reasons, in the order in which they are tried. */
const SIGNS: readonly (readonly [RegExp, TroubleCode])[] = [
  [/\bOOM\b|maxmemory|out of memory/i, "target_memory"],
  [/big_key|hold up its server|too big|stall/i, "big_key"],
  [/which isn't its group's/, "foreign_key"],
  [/proxy-\[|proxies/, "proxy"],
  [/replicas? of server|not acknowledged/, "replicas"],
  [/older|unknown version|format of keys|expected the same or a later/, "version"],
  [/isn't a master|expected a master/, "role"],
  [/reads its data from disk|LOADING/, "loading"],
  [/has no server/, "no_server"],
  [
    /can't be reached|isn't connected|connection|doesn't answer|no reply|within \d+ ms|restarted/,
    "unreachable",
  ],
];

/** The code of `reason` of an operation. */
export function troubleCodeOf(reason: string): TroubleCode {
  return SIGNS.find(([sign]) => sign.test(reason))?.[1] ?? "other";
}
