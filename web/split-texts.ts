/**
 * Splits the texts of the console by language when it is built: a page reads those of the language that it
 * shows, and of the other one only when the user changes. In place of `src/i18n/texts.ts` it puts a module
 * that imports them as files of their own: values in the order of the keys, which are the same for all languages and
 * thus kept once, each without what it begins with as the one before.
 */
import { join } from "node:path";
import type { Plugin } from "vite";
import type { TextPair } from "./src/i18n/catalogue.ts";

const PREFIX = "codis-texts:";
const REPLACED = "/src/i18n/texts.ts";
const LANGUAGES = ["en", "zh"] as const;

/** The module; `keys`: of all texts. */
const loaderOf = (keys: readonly string[]): string => `import { signal } from "@preact/signals";
const files = {
${LANGUAGES.map((each) => `  ${each}: () => import("${PREFIX}${each}"),`).join("\n")}
};
let before = [];
const keys = ${JSON.stringify(packKeys(keys))}.split(" ").map((part) => {
  before = [...before.slice(0, Number(part[0])), ...part.slice(1).split(".")];
  return before.join(".");
});
export const texts = signal({});
export async function loadTexts(language) {
  if (texts.peek()[language] === undefined) {
    const values = (await files[language]()).default;
    const read = Object.fromEntries(keys.map((key, index) => [key, values[index]]));
    texts.value = { ...texts.peek(), [language]: read };
  }
}
`;

/** Keys in one text: of each how many of its names are those of the one before, and the others. */
function packKeys(keys: readonly string[]): string {
  let before: readonly string[] = [];
  return keys
    .map((key) => {
      const names = key.split(".");
      const first = names.findIndex((name, index) => name !== before[index]);
      const shared = first < 0 ? names.length - 1 : first;
      before = names;
      return `${shared}${names.slice(shared).join(".")}`;
    })
    .join(" ");
}

/** The plugin for Vite. `source`: the folder with the sources of the console. */
export function splitTexts(source: string): Plugin {
  return {
    name: "codis-split-texts",
    enforce: "pre",
    resolveId: (id) => (id.startsWith(PREFIX) ? `\0${id}` : null),
    async load(id) {
      const index = LANGUAGES.findIndex((each) => id === `\0${PREFIX}${each}`);
      const isLoader = id.endsWith(REPLACED);
      if (index < 0 && !isLoader) {
        return null;
      }
      const { catalogue } = (await import(join(source, "i18n/catalogue.ts"))) as {
        readonly catalogue: Readonly<Record<string, TextPair>>;
      };
      return isLoader
        ? loaderOf(Object.keys(catalogue))
        : `export default ${JSON.stringify(Object.values(catalogue).map((pair) => pair[index]))};`;
    },
  };
}
