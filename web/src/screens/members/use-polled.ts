/**
 * Reads a path of the API, and again every few seconds while the page is in sight: for what the live document
 * doesn't have.
 */
import { useEffect } from "preact/hooks";
import { type Load, useLoad } from "../../data/load.ts";

/** Time between two readings, milliseconds. */
const EVERY_MS = 3000;

/** See the head of the file; `undefined`: nothing to read. */
export function usePolled<T>(path: string | undefined): Load<T> {
  const load = useLoad<T>(path);
  const { reload } = load;
  useEffect(() => {
    if (path === undefined) {
      return;
    }
    const timer = setInterval(() => {
      if (!document.hidden) {
        reload();
      }
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, [path, reload]);
  return load;
}
