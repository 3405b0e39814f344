/**
 * The folder of this program among the user's own data, by the rules that desktops and command lines share (XDG base
 * directories): where things belong that must stay, but that nobody has named a place for.
 */
import { homedir } from "node:os";
import { join } from "node:path";

/** Absolute; it may not be there yet. */
export function userDataFolder(): string {
  const named = process.env["XDG_DATA_HOME"] ?? "";
  // By the specification a relative path there has to be ignored.
  return join(named.startsWith("/") ? named : join(homedir(), ".local", "share"), "codis");
}
