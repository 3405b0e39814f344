/**
 * The name of a product (one Codis cluster). It becomes part of coordinator paths, of file names and of
 * tokens, so its form is checked wherever it enters the program.
 */

/** Codis has no bound, but names of files and of nodes do. */
const PRODUCT_NAME = /^\w[\w.-]{0,199}$/;

/** What a product name must look like: the end of an error line, after "expected". */
export const PRODUCT_NAME_RULE =
  "a name that begins with a letter, a digit or _ and goes on with these or . or -, 200 characters at most";

/** Whether the text can be the name of a product; the rule of Codis, and a length. */
export function isProductName(text: string): boolean {
  return PRODUCT_NAME.test(text);
}
