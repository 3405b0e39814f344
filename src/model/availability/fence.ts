/**
 * A proxy that doesn't answer, and whether it can still write. Slots change their owner without it only when it is
 * `fenced`.
 */

/**
 * `present`: it answers. `absent`: it doesn't, and nothing is known. `unprovable`: for `proxy_dead_after` it hasn't
 * answered, and neither proof can be had; an operator's word is needed. `fenced`: it is proven that it can't write.
 */
export const FENCE_STATES = ["present", "absent", "unprovable", "fenced"] as const;
/** One of `FENCE_STATES`. */
export type FenceState = (typeof FENCE_STATES)[number];

/** By which it is known that a proxy can't write any more. */
export const FENCE_PROOFS = ["processes-gone", "servers-cut", "operator"] as const;
/** One of `FENCE_PROOFS`. */
export type FenceProof = (typeof FENCE_PROOFS)[number];

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
