/**
 * Reads again when a value of the live document has changed: for what the live document tells only in short.
 */
import { useEffect, useRef } from "preact/hooks";

/** Calls `reload` when `value` is another one than at the last drawing; never at the first. */
export function useReloadOn(reload: () => void, value: unknown): void {
  const last = useRef(value);
  useEffect(() => {
    if (last.current !== value) {
      last.current = value;
      reload();
    }
  }, [reload, value]);
}
