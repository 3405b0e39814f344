/**
 * What a server says of itself, in the words of the console: INFO has older ones (`slave`), and words of its own for
 * states.
 */
import { UNKNOWN } from "../../i18n/format.ts";
import { textOf } from "../../i18n/text.ts";
import type { ServerView } from "./group-view.ts";

/** The role that it reports. Reads signals. */
export function reportedRole({ reported_role: role }: ServerView): string {
  return role === null || role === undefined
    ? UNKNOWN
    : textOf("groups.role", role === "slave" ? "replica" : role);
}

/** Whether it is connected to its master. Reads signals. */
export function linkText({ master_link: link }: ServerView): string {
  return link === null || link === undefined ? UNKNOWN : textOf("groups.link", link);
}

/** How the order to become a replica stands. Reads signals. */
export function syncText({ sync }: ServerView): string {
  const isNone = sync === null || sync === undefined || sync.state === "";
  return isNone ? UNKNOWN : textOf("groups.sync", sync.state);
}
