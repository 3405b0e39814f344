/**
 * Reads the dialog of a session that is over when it is needed. Where that fails, the sign-in takes its place.
 */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { leaveSession } from "../data/session.ts";
import type { Children } from "../ui/props.ts";

/** See the head of the file. */
export function SessionEndLoader(): Children {
  const [End, setEnd] = useState<ComponentType | undefined>(undefined);
  useEffect(() => {
    import("../screens/sign-in/session-end.tsx").then(
      (module) => setEnd(() => module.SessionEnd),
      leaveSession,
    );
  }, []);
  return End === undefined ? null : <End />;
}
