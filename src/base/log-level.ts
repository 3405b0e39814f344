/**
 * Levels of the log, with the names that Codis gives them on the command line and in its API. Separate
 * from the logger, so that the command line doesn't load it.
 */

/** All levels, from everything to nothing. */
export const LOG_LEVELS = ["debug", "info", "warn", "error", "none"] as const;

/** One of `LOG_LEVELS`; a line is written when its level is the logger's or a later one. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The level with this name, in any case; `warning` is `warn`. Undefined for other texts. */
export function parseLogLevel(text: string): LogLevel | undefined {
  const name = text.trim().toLowerCase();
  return name === "warning" ? "warn" : LOG_LEVELS.find((level) => level === name);
}
