/**
 * Garbage collection on demand, for the admin port's `forcegc`. Here because only this folder knows the
 * runtime.
 */

/** Collects all garbage now; stops this process for as long as it takes. */
export function collectGarbage(): void {
  Bun.gc(true);
}
