/**
 * Reads something of the API for a screen, again when its path changes or `reload` is called. What is not
 * in the live document (plans, audit, users, INFO of a server) comes this way.
 */
import { useCallback, useEffect, useState } from "preact/hooks";
import { api } from "./api.ts";
import { type ApiProblem, asProblem } from "./problem.ts";

/** What `useLoad` gives. */
export interface Load<T> {
  /** Undefined before the first answer; kept while it is read again. */
  readonly data: T | undefined;
  readonly problem: ApiProblem | undefined;
  readonly isLoading: boolean;
  readonly reload: () => void;
}

/** Reads `path` of the open product; `undefined`: nothing to read yet. */
export function useLoad<T>(path: string | undefined): Load<T> {
  const [state, setState] = useState<{ path?: string; data?: T; problem?: ApiProblem }>({});
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((last) => last + 1), []);
  const [isLoading, setLoading] = useState(path !== undefined);
  useEffect(() => {
    if (path === undefined) {
      return;
    }
    let isOver = false;
    setLoading(true);
    api
      .get<T>(path)
      .then(
        (data) => !isOver && setState({ path, data }),
        (thrown: unknown) => {
          if (!isOver) {
            const problem = asProblem(thrown);
            setState((last) => (last.path === path ? { ...last, problem } : { path, problem }));
          }
        },
      )
      .finally(() => !isOver && setLoading(false));
    return () => {
      isOver = true;
    };
  }, [path, round]);
  const isOwn = state.path === path;
  return {
    data: isOwn ? state.data : undefined,
    problem: isOwn ? state.problem : undefined,
    isLoading,
    reload,
  };
}
