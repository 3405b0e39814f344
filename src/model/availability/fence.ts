/**
 * A proxy that doesn't answer, and whether it can still write. Slots change their owner without it only when it is
 * `fenced`.
 */

/**
 * `present`: it answers. `absent`: it doesn't, and nothing is known. `unprovable`: for `proxy_dead_after` it hasn't
 * answered, and neither proof can be had; an operator's word is needed. `fenced`: it is proven that it can't write.
 */
export type FenceState = "present" | "absent" | "unprovable" | "fenced";

/** By which it is known that a proxy can't write any more. */
export type FenceProof = "processes-gone" | "servers-cut" | "operator";

/** One proxy. */
export interface ProxyFence {
  readonly token: string;
  readonly state: FenceState;
  /** Since when it has been so, wall clock, milliseconds. */
  readonly sinceMs: number;
  /** Of a fenced one. */
  readonly proof: FenceProof | undefined;
  /** One line for people: why it is so, and what to do. */
  readonly text: string;
}
