/**
 * The path under which the console is served, such as `/` or `/ops/codis/`. The server writes it into
 * `<base href>` of the page, so that the built files are the same everywhere.
 */

/** Begins and ends with `/`. */
export const basePath: string =
  typeof document === "undefined" ? "/" : new URL(".", document.baseURI).pathname;
