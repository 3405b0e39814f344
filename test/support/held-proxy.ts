/**
 * Whether a proxy serves nothing because it stood still: after a pause of more than two seconds it holds its slots
 * until a dashboard has confirmed them, for they may have been given away meanwhile (ADR 17). Where no dashboard leads
 * nobody can, so on a machine that stands still tests of that time have to expect it.
 */
import type { CodisProgram } from "./codis-program.ts";
import { waitFor } from "./deadline.ts";

const FROZEN = '"event":"worker.frozen"';
/** From a reply to the line in the log. */
const TOLD_MS = 10_000;
const FREEZE_REPLY =
  /^-(?:ERR handle response, backend conn (?:failure, the proxy was frozen|reset)|TRYAGAIN )/;
const CONFIRMED = '"event":"worker.confirmed"';

/** It stood still, and nobody has confirmed its slots since. All its workers are taken for one. */
export function isHeld({ program }: { readonly program: CodisProgram }): boolean {
  const lines = program.stdout();
  return lines.lastIndexOf(FROZEN) > lines.lastIndexOf(CONFIRMED);
}

/** It stood still at some time. */
export function wasFrozen(proxy: { readonly program: CodisProgram }): boolean {
  return countFreezes(proxy) > 0;
}

/** How often one of its workers stood still. */
export function countFreezes({ program }: { readonly program: CodisProgram }): number {
  return program.stdout().split(FROZEN).length - 1;
}

/** Whether it has stood still since `countFreezes` was so high. Its log may come later than its replies. */
export async function hasFrozenSince(
  proxy: { readonly program: CodisProgram },
  count: number,
): Promise<boolean> {
  const told = waitFor("word of a freeze", TOLD_MS, () => countFreezes(proxy) > count || undefined);
  return told.catch(() => false);
}

/**
 * Whether it is what a proxy that stood still answers, rightly, to what it had taken and not sent, and to what had to
 * wait for too long. A write with such an answer may have been done, once.
 */
export function isFreezeReply(reply: string): boolean {
  return FREEZE_REPLY.test(reply);
}
