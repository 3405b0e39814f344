/**
 * What the browser keeps for its user. A browser that keeps nothing gives empty texts and takes none.
 */
const PREFIX = "codis.";

/** Empty when nothing is kept under this name. */
export function readKept(name: string): string {
  try {
    return localStorage.getItem(PREFIX + name) ?? "";
  } catch {
    return ""; // Switched off by the user.
  }
}

/** Keeps a text, if the browser lets us. */
export function writeKept(name: string, text: string): void {
  try {
    localStorage.setItem(PREFIX + name, text);
  } catch {
    return; // It holds for this page only then.
  }
}
