/**
 * Changes that a user starts: one at a time, nothing shown as done before the server says so. A success is
 * told in a toast with the words that the change returns; a failure stays on the screen as `problem`.
 */
import { useRef, useState } from "preact/hooks";
import { toast } from "../ui/toast.ts";
import { type ApiProblem, asProblem } from "./problem.ts";

/** What `useAct` gives. */
export interface Act<Args extends readonly unknown[]> {
  /** Starts the change unless one is under way; true when it succeeded. Never rejects. */
  readonly run: (...args: Args) => Promise<boolean>;
  readonly isPending: boolean;
  /** Why the last change failed; undefined after a success and while one is under way. */
  readonly problem: ApiProblem | undefined;
  /** Forgets the problem, for a dialog that is opened again. */
  readonly clear: () => void;
}

/** A change; the text that it returns is shown when it succeeded. */
export function useAct<Args extends readonly unknown[]>(
  // biome-ignore lint/suspicious/noConfusingVoidType: changes without a text return nothing
  fn: (...args: Args) => Promise<string | undefined | void>,
): Act<Args> {
  const isRunning = useRef(false);
  const [isPending, setPending] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | undefined>(undefined);
  const run = async (...args: Args): Promise<boolean> => {
    if (isRunning.current) {
      return false;
    }
    isRunning.current = true;
    setPending(true);
    setProblem(undefined);
    try {
      const done = await fn(...args);
      if (typeof done === "string") {
        toast(done);
      }
      return true;
    } catch (thrown) {
      setProblem(asProblem(thrown));
      return false;
    } finally {
      isRunning.current = false;
      setPending(false);
    }
  };
  return { run, isPending, problem, clear: () => setProblem(undefined) };
}
