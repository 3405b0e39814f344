/**
 * What the command palette can do besides going somewhere. Screens add their actions while they are shown;
 * each says which role it needs.
 */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Role } from "../../../src/api/v1-path.ts";

/** An action of the palette. */
export interface Command {
  readonly id: string;
  /** Says the effect. */
  readonly title: string;
  readonly run: () => void;
  /** Role that it needs; `viewer` unless told. */
  readonly needs?: Role | undefined;
}

const sources = signal<readonly (readonly Command[])[]>([]);

/** All actions of the screens that are shown. Reads a signal. */
export function currentCommands(): readonly Command[] {
  return sources.value.flat();
}

/** Offers actions while the component is there; give the same array again, or a memoized one. */
export function useCommands(commands: readonly Command[]): void {
  useEffect(() => {
    sources.value = [...sources.peek(), commands];
    return () => {
      sources.value = sources.peek().filter((each) => each !== commands);
    };
  }, [commands]);
}
