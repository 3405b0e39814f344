/**
 * Whether a proxy serves nothing because it stood still: after a pause of more than two seconds it holds its slots
 * until a dashboard has confirmed them, for they may have been given away meanwhile (ADR 17). Where no dashboard leads
 * nobody can, so on a machine that stands still tests of that time have to expect it.
 */
import type { CodisProgram } from "./codis-program.ts";

const FROZEN = '"event":"worker.frozen"';
const CONFIRMED = '"event":"worker.confirmed"';

/** It stood still, and nobody has confirmed its slots since. All its workers are taken for one. */
export function isHeld({ program }: { readonly program: CodisProgram }): boolean {
  const lines = program.stdout();
  return lines.lastIndexOf(FROZEN) > lines.lastIndexOf(CONFIRMED);
}

/** It stood still at some time. */
export function wasFrozen({ program }: { readonly program: CodisProgram }): boolean {
  return program.stdout().includes(FROZEN);
}
