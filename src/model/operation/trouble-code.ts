/**
 * Why an operation pauses or makes no progress, as a code: programs and the console choose by it what to do, so that
 * the line for people may change. The code is given where the trouble arises: by the code of its error, or, where
 * that says too little, by `trouble` among the facts of the error.
 */
import { CodisError, type ErrorCode, messageOf } from "../../base/error.ts";

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
  "direction",
  "other",
] as const;
/**
 * `target_memory`: the target is full. `big_key`: a key would hold up its server too long. `foreign_key`: a server
 * has a key of a slot that isn't its group's. `proxy`: a proxy doesn't follow. `replicas`: replicas of a target don't
 * acknowledge. `version`: the target can't read what the source sends. `role`: a master isn't one. `loading`: a
 * server reads its data from disk. `no_server`: a group is empty. `unreachable`: a server doesn't answer.
 * `direction`: slots wait for others whose keys go the other way; nothing is wrong.
 */
export type TroubleCode = (typeof TROUBLE_CODES)[number];

/** Why something doesn't go on. */
export interface Trouble {
  /** One line for people. */
  readonly text: string;
  readonly code: TroubleCode;
}

/** What errors mean that say no more than their code. */
const CODES: Readonly<Partial<Record<ErrorCode, TroubleCode>>> = {
  SERVER_UNREACHABLE: "unreachable",
  SERVER_LOADING: "loading",
  SERVER_ROLE_WRONG: "role",
  SERVER_VERSION_UNSUPPORTED: "version",
  SERVER_HOLDS_FOREIGN_KEYS: "foreign_key",
  PROXY_CALL_FAILED: "proxy",
  MOVE_UNSETTLED: "proxy",
  SLOT_COUNT_DIFFERS: "proxy",
};

/** The fact of an error that says which trouble it is, for its `context`. */
export function asTrouble(code: TroubleCode): { readonly trouble: TroubleCode } {
  return { trouble: code };
}

/** What was caught, as a trouble. */
export function toTrouble(thrown: unknown): Trouble {
  return { text: messageOf(thrown), code: troubleCodeOf(thrown) };
}

function troubleCodeOf(thrown: unknown): TroubleCode {
  if (!(thrown instanceof CodisError)) {
    return "other";
  }
  const { trouble } = thrown.context;
  return TROUBLE_CODES.find((code) => code === trouble) ?? CODES[thrown.code] ?? "other";
}
