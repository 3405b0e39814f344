/**
 * The licences of all that is inside `dist/codis` and isn't ours, as one text: they ask for their text to go with every
 * copy. By the lock file: the packages in `dependencies`, those of the console, and what both need.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");
/** Development packages that the built console has inside. */
const IN_CONSOLE = ["preact", "@preact/signals", "preact-iso", "uplot"];
/** The runtime: its package is a program, without a text of its licence. */
const RUNTIME = "bun";
const RUNTIME_NOTE =
  "The runtime in this file. MIT, with parts under other licences, among them JavaScriptCore (LGPL-2): " +
  "https://bun.com/docs/project/license has the list, and how to link it with another build of that part.";

interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** A package whose code is in the executable. */
export interface ShippedPackage {
  readonly name: string;
  readonly version: string;
  /** As its authors name it, like `MIT`. */
  readonly license: string;
  /** Folder from the root of the tree. */
  readonly path: string;
}

/** All of them but the runtime, by name. */
export function shippedPackages(): readonly ShippedPackage[] {
  const { dependencies } = readJson("package.json") as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const { packages } = readJson("package-lock.json") as {
    readonly packages: Readonly<Record<string, Locked>>;
  };
  const found = new Map<string, ShippedPackage>();
  const add = (name: string, from: string): void => {
    const path = placeOf(name, from, packages);
    if (found.has(path)) {
      return;
    }
    const { version = "", license = "", dependencies: needed = {} } = packages[path] ?? {};
    found.set(path, { name, version, license, path });
    for (const each of Object.keys(needed)) {
      add(each, path);
    }
  };
  for (const name of [...Object.keys(dependencies), ...IN_CONSOLE]) {
    if (name !== RUNTIME) {
      add(name, "");
    }
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The text, this program's own licence first. Throws when a package is locked and not installed. */
export function licenseNotices(): string {
  const { dependencies } = readJson("package.json") as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const parts = shippedPackages().map(
    (found) => `${found.name} ${found.version} (${found.license})\n\n${licenseTextOf(found)}\n`,
  );
  return [
    readFileSync(join(ROOT, "LICENSE"), "utf8"),
    `${RUNTIME} ${dependencies[RUNTIME]}\n\n${RUNTIME_NOTE}\n`,
    ...parts,
  ].join(`\n${"-".repeat(80)}\n\n`);
}

/** Some packages only name theirs: then whose it is. */
function licenseTextOf({ path, license }: ShippedPackage): string {
  const file = readdirSync(join(ROOT, path)).find((each) => /^licen[sc]e/i.test(each));
  if (file !== undefined) {
    return readFileSync(join(ROOT, path, file), "utf8").trim();
  }
  const { author } = readJson(`${path}/package.json`) as {
    readonly author?: string | { readonly name: string };
  };
  const name = typeof author === "object" ? author.name : author;
  return `${license}, by ${name ?? "its contributors"}. The package has no file with the text.`;
}

/** Where Node would find the package: beside who needs it, or further out. Throws when the lock file hasn't got it. */
function placeOf(name: string, from: string, packages: Readonly<Record<string, Locked>>): string {
  for (
    let folder = from;
    ;
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf("node_modules/") - 1))
  ) {
    const path = `${folder === "" ? "" : `${folder}/`}node_modules/${name}`;
    if (packages[path] !== undefined) {
      return path;
    }
    if (folder === "") {
      throw new Error(`the lock file has no ${name}`);
    }
  }
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, path), "utf8"));
}
