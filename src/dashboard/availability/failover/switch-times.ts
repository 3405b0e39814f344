/**
 * When each proxy has followed a change of a group's master: looks at what they have confirmed while they are waited
 * for, and writes a line for each into the story.
 */
import type { ClockTimer } from "../../../base/clock.ts";
import { say } from "../../../model/phrase/phrase.ts";
import type { AvailabilityParts, FailoverStory } from "../contract.ts";

/** From one look at what proxies have confirmed to the next. */
const LOOK_MS = 10;

/**
 * Waits for the proxies as long as a push may take. Gives the milliseconds from `sinceMs` (monotonic) until the last
 * one of those that followed had; until now when none has. Never rejects but as `whenSynced` does.
 */
export async function noteSwitches(
  parts: Pick<AvailabilityParts, "clock" | "config" | "proxyFigures" | "whenSynced">,
  revision: number,
  sinceMs: number,
  story: FailoverStory,
): Promise<number> {
  const { clock } = parts;
  const seen = new Set<string>();
  let lastMs: number | undefined;
  const note = (token: string): void => {
    if (!seen.has(token)) {
      seen.add(token);
      lastMs = clock.monotonicMs() - sinceMs;
      story.note("switched", token, say("story.follows", { ms: Math.round(lastMs) }));
    }
  };
  const look = (): void => {
    for (const { token, revision: confirmed } of parts.proxyFigures().values()) {
      if (confirmed !== undefined && confirmed >= revision) {
        note(token);
      }
    }
  };
  let timer: ClockTimer | undefined;
  const arm = (): void => {
    timer = clock.after(LOOK_MS, () => {
      look();
      arm();
    });
  };
  arm();
  try {
    const report = await parts.whenSynced(revision, parts.config.proxyPushTimeoutMs);
    report.synced.forEach(note);
    for (const { token, reason } of report.failed) {
      if (!seen.has(token)) {
        story.note("note", token, say("story.late", { why: reason }));
      }
    }
  } finally {
    timer?.cancel();
  }
  return lastMs ?? clock.monotonicMs() - sinceMs;
}
