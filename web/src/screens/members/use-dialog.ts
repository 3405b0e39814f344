/**
 * Which dialog of a screen is open, in the address of the page (`?do=promote:10.0.0.1:6379`), so that each of them has
 * a link and Back closes it.
 */
import { useQuery } from "../../route.ts";

/** See the head of the file. */
export interface OpenDialog {
  /** What is to be done; empty: no dialog is open. */
  readonly verb: string;
  /** What it is done to; empty when the verb alone says it. */
  readonly target: string;
  readonly open: (verb: string, target?: string) => void;
  readonly close: () => void;
}

/** See the head of the file. */
export function useDialog(): OpenDialog {
  const [text, setText] = useQuery("do");
  const at = text.indexOf(":");
  return {
    verb: at < 0 ? text : text.slice(0, at),
    target: at < 0 ? "" : text.slice(at + 1),
    open: (verb, target) => setText(target === undefined ? verb : `${verb}:${target}`),
    close: () => setText(undefined),
  };
}
