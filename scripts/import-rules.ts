/**
 * The import rules of `src`, computed from one ordered array. `check-imports.ts` reads the files and
 * calls `findViolations`; `ARCHITECTURE.md` shows the same array (the tidy test compares them).
 *
 * A module belongs to the stage with the longest path that fits. It may import from its own stage and
 * from later ones, never back; a leaf imports from `src/base` only; planes never import one another.
 * Imports of types count as all others do: a type that has to be imported back is in the wrong place.
 */

/** One room of `src`. */
export interface Stage {
  /** Folder, or one file. */
  readonly path: string;
  /** `leaf`: knows nothing but `src/base`. `plane`: one of the programs. */
  readonly kind: "leaf" | "plane" | "shared";
}

/** From the outermost to the innermost: each may import from those below it. */
export const STAGES: readonly Stage[] = [
  { path: "src/main.ts", kind: "shared" },
  { path: "src/up", kind: "plane" },
  { path: "src/cli", kind: "plane" },
  { path: "src/fe", kind: "plane" },
  { path: "src/dashboard", kind: "plane" },
  { path: "src/dashboard/admin", kind: "plane" },
  { path: "src/dashboard/live", kind: "plane" },
  { path: "src/dashboard/availability", kind: "plane" },
  { path: "src/dashboard/availability/promotion", kind: "plane" },
  { path: "src/dashboard/availability/failover", kind: "plane" },
  { path: "src/dashboard/availability/sentinel", kind: "plane" },
  { path: "src/dashboard/availability/replication", kind: "plane" },
  { path: "src/dashboard/availability/fence", kind: "plane" },
  { path: "src/dashboard/operation", kind: "plane" },
  { path: "src/dashboard/migration", kind: "plane" },
  { path: "src/dashboard/migration/mover", kind: "plane" },
  { path: "src/dashboard/fleet", kind: "plane" },
  { path: "src/dashboard/group", kind: "plane" },
  { path: "src/dashboard/stats", kind: "plane" },
  { path: "src/dashboard/topology", kind: "plane" },
  { path: "src/dashboard/availability/contract.ts", kind: "plane" },
  { path: "src/dashboard/control.ts", kind: "plane" },
  { path: "src/dashboard/migration/contract.ts", kind: "plane" },
  { path: "src/dashboard/config", kind: "plane" },
  { path: "src/client", kind: "plane" },
  { path: "src/proxy", kind: "plane" },
  { path: "src/proxy/supervisor", kind: "plane" },
  { path: "src/proxy/worker", kind: "plane" },
  { path: "src/proxy/registration", kind: "plane" },
  { path: "src/proxy/report", kind: "plane" },
  { path: "src/proxy/sentinel", kind: "plane" },
  { path: "src/proxy/watch", kind: "plane" },
  { path: "src/proxy/admin", kind: "plane" },
  { path: "src/proxy/session", kind: "plane" },
  { path: "src/proxy/dispatch", kind: "plane" },
  { path: "src/proxy/router", kind: "plane" },
  { path: "src/proxy/replica", kind: "plane" },
  { path: "src/proxy/mover", kind: "plane" },
  { path: "src/proxy/backend", kind: "plane" },
  { path: "src/proxy/reply", kind: "plane" },
  { path: "src/proxy/stats", kind: "plane" },
  { path: "src/proxy/control.ts", kind: "plane" },
  { path: "src/proxy/config.ts", kind: "plane" },
  { path: "src/proxy/config", kind: "plane" },
  { path: "src/console", kind: "shared" },
  { path: "src/config", kind: "shared" },
  { path: "src/http", kind: "shared" },
  { path: "src/api", kind: "shared" },
  { path: "src/sentinel", kind: "shared" },
  { path: "src/redis", kind: "shared" },
  { path: "src/coordinator", kind: "leaf" },
  { path: "src/net", kind: "leaf" },
  { path: "src/migrate", kind: "leaf" },
  { path: "src/model", kind: "leaf" },
  { path: "src/command", kind: "leaf" },
  { path: "src/resp", kind: "leaf" },
  { path: "src/base", kind: "leaf" },
];

/** The only rooms that may use the runtime's own modules (`bun`, `bun:*`): sockets, and `flock`. */
const RUNTIME_ROOMS = ["src/net", "src/coordinator/filesystem"];

/** One import in a source file. */
export interface ImportLine {
  readonly specifier: string;
  /** 1-based line of the specifier. */
  readonly line: number;
  /** `import type`: gone at run time. */
  readonly isType: boolean;
}

/** What the rules are checked against. */
export interface SourceTree {
  /** Texts by path from the root of the repository, with `/`. Files that aren't code may be there. */
  readonly texts: ReadonlyMap<string, string>;
  /** Names in `dependencies` of package.json. */
  readonly packages: ReadonlySet<string>;
}

// Statements as the formatter writes them: the keyword begins its line. Comments begin otherwise.
const STATEMENT =
  /^(?:import|export)\b(\s+type\b)?(?:[^"'`;]*?\bfrom)?\s*"([^"]+)"|\bimport\(\s*"([^"]+)"/gm;

/** All imports, re-exports and dynamic imports of one file, types included. */
export function findImports(text: string): readonly ImportLine[] {
  return [...text.matchAll(STATEMENT)].map((match) => ({
    specifier: match[2] ?? match[3] ?? "",
    line: text.slice(0, match.index + match[0].length).split("\n").length,
    isType: match[1] !== undefined,
  }));
}

/** One line for each import that breaks a rule, `file:line: what is wrong`; empty when all is well. */
export function findViolations(tree: SourceTree): readonly string[] {
  const violations: string[] = [];
  const edges = new Map<string, string[]>();
  for (const [path, text] of tree.texts) {
    if (!path.startsWith("src/") || !path.endsWith(".ts")) {
      continue;
    }
    if (stageIndexOf(path) < 0) {
      violations.push(`${path}:1: belongs to no stage; add its folder to scripts/import-rules.ts`);
      continue;
    }
    const targets: string[] = [];
    for (const found of findImports(text)) {
      const target = resolve(path, found.specifier);
      const problem =
        target === undefined
          ? findPackageProblem(path, found.specifier, tree)
          : findStageProblem(path, target, tree);
      if (problem !== undefined) {
        violations.push(`${path}:${found.line}: ${problem}`);
      } else if (target !== undefined && !found.isType) {
        targets.push(target);
      }
    }
    edges.set(path, targets);
  }
  return [...violations, ...findCycles(edges)];
}

/** Index in `STAGES` of the stage with the longest path that fits; -1 when none does. */
export function stageIndexOf(path: string): number {
  let best = -1;
  for (const [index, stage] of STAGES.entries()) {
    const fits = path === stage.path || path.startsWith(`${stage.path}/`);
    if (fits && stage.path.length > (STAGES[best]?.path.length ?? 0)) {
      best = index;
    }
  }
  return best;
}

/** Path from the root for a relative specifier; undefined for a package. */
function resolve(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) {
    return undefined;
  }
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") {
      parts.pop();
    } else if (part !== ".") {
      parts.push(part);
    }
  }
  return parts.join("/");
}

function findPackageProblem(path: string, specifier: string, tree: SourceTree): string | undefined {
  if (specifier.startsWith("node:")) {
    return undefined;
  }
  if (specifier === "bun" || specifier.startsWith("bun:")) {
    const isAllowed = RUNTIME_ROOMS.some((room) => path.startsWith(`${room}/`));
    return isAllowed ? undefined : `only ${RUNTIME_ROOMS.join(" and ")} may import "${specifier}"`;
  }
  const parts = specifier.split("/");
  const name = specifier.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0];
  return name !== undefined && tree.packages.has(name)
    ? undefined
    : `"${specifier}" isn't in "dependencies" of package.json`;
}

function findStageProblem(path: string, target: string, tree: SourceTree): string | undefined {
  if (target === "package.json") {
    return undefined;
  }
  if (!tree.texts.has(target)) {
    return `there is no file ${target}`;
  }
  const fromIndex = stageIndexOf(path);
  const toIndex = stageIndexOf(target);
  const from = STAGES[fromIndex];
  const to = STAGES[toIndex];
  if (from === undefined || to === undefined) {
    return `${target} isn't part of the product; src imports from src only`;
  }
  if (fromIndex === toIndex || path === "src/main.ts") {
    return undefined;
  }
  if (from.kind === "leaf" && to.path !== "src/base") {
    return `${from.path} is a leaf and imports from src/base only, not ${target}`;
  }
  if (from.kind === "plane" && to.kind === "plane" && planeOf(from) !== planeOf(to)) {
    return `${planeOf(from)} and ${planeOf(to)} are planes and never import one another: ${target}`;
  }
  return toIndex > fromIndex
    ? undefined
    : `imports back: ${to.path} comes before ${from.path}: ${target}`;
}

function planeOf(stage: Stage): string {
  return stage.path.split("/").slice(0, 2).join("/");
}

/** Circles of imports that exist at run time: what is in one may be used before it is there. */
function findCycles(edges: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      cycles.push(`${path}:1: circle of imports: ${[...trail.slice(start), path].join(" -> ")}`);
      return;
    }
    if (done.has(path)) {
      return;
    }
    for (const target of edges.get(path) ?? []) {
      visit(target, [...trail, path]);
    }
    done.add(path);
  };
  for (const path of edges.keys()) {
    visit(path, []);
  }
  return cycles;
}
