/**
 * Reads figures of the past again and again while the page is in sight. Nothing is drawn on between two readings: what
 * isn't known is a gap.
 */
import { useCallback, useEffect, useState } from "preact/hooks";
import type { V1Performance } from "../../../../src/api/v1-live-schema.ts";
import { api } from "../../data/api.ts";
import { type ApiProblem, asProblem } from "../../data/problem.ts";

/** See `usePerformance`. */
export interface PerformanceLoad {
  /** As many as there are paths; undefined before the first reading, kept while it is read again. */
  readonly answers: readonly V1Performance[] | undefined;
  readonly problem: ApiProblem | undefined;
  readonly reload: () => void;
}

interface State {
  readonly key: string;
  readonly answers?: readonly V1Performance[];
  readonly problem?: ApiProblem;
}

/** Reads all `paths` of the open product; again every `everyMs`, undefined: never. */
export function usePerformance(
  paths: readonly string[],
  everyMs: number | undefined,
): PerformanceLoad {
  const key = paths.join("\n");
  const [state, setState] = useState<State>({ key });
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((last) => last + 1), []);
  useEffect(() => {
    let isOver = false;
    let isReading = false;
    const read = async (): Promise<void> => {
      // A slow server isn't asked again before it has answered.
      if (isReading || document.hidden) {
        return;
      }
      isReading = true;
      const next = await readAll(key);
      isReading = false;
      if (!isOver) {
        setState((last) => ({
          ...(last.key === key && last.answers !== undefined ? { answers: last.answers } : {}),
          ...next,
          key,
        }));
      }
    };
    void read();
    const timer = everyMs === undefined ? undefined : setInterval(() => void read(), everyMs);
    const onSight = (): void => void read();
    document.addEventListener("visibilitychange", onSight);
    return () => {
      isOver = true;
      clearInterval(timer);
      document.removeEventListener("visibilitychange", onSight);
    };
  }, [key, everyMs, round]);
  const isOwn = state.key === key;
  return {
    answers: isOwn ? state.answers : undefined,
    problem: isOwn ? state.problem : undefined,
    reload,
  };
}

async function readAll(key: string): Promise<Omit<State, "key">> {
  try {
    const paths = key === "" ? [] : key.split("\n");
    return { answers: await Promise.all(paths.map((path) => api.get<V1Performance>(path))) };
  } catch (thrown) {
    return { problem: asProblem(thrown) };
  }
}
