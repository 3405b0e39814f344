/**
 * The reference pages about configuration files that `generate-docs.ts` writes: one page function for the
 * tables of keys of the proxy and of the dashboard.
 */
import type { KeySpec } from "../src/config/key-spec.ts";
import { expectation, showValue } from "../src/config/value.ts";
import { DASHBOARD_KEYS, DASHBOARD_SECTIONS } from "../src/dashboard/config/key.ts";
import { KEY_SECTIONS, PROXY_KEYS } from "../src/proxy/config/key.ts";
import { NOTE, page, table } from "./docs-page.ts";

/** What differs between the pages. */
interface ConfigPage {
  /** Name of the program: `codis NAME`. */
  readonly name: string;
  readonly keys: readonly KeySpec[];
  readonly sections: readonly string[];
  /** Sentences about flags that set keys. */
  readonly flags: string;
}

/** `docs/config-proxy.md`. */
export function proxyConfigPage(): string {
  return configPage({
    name: "proxy",
    keys: PROXY_KEYS,
    sections: KEY_SECTIONS,
    flags:
      "Flags go before the file: `--ncpu` sets `workers`, and `--product_name`, `--product_auth` and " +
      "`--session_auth` set the keys of the same name.",
  });
}

/** `docs/config-dashboard.md`. */
export function dashboardConfigPage(): string {
  return configPage({
    name: "dashboard",
    keys: DASHBOARD_KEYS,
    sections: DASHBOARD_SECTIONS,
    flags:
      "Flags go before the file: `--zookeeper`, `--etcd` and `--filesystem` set `coordinator_name` and " +
      "`coordinator_addr`, `--zookeeper-auth` and `--etcd-auth` set `coordinator_auth`, and `--product_name` " +
      "and `--product_auth` set the keys of the same name.",
  });
}

function configPage({ name, keys, sections, flags }: ConfigPage): string {
  const parts = [
    `# Configuration of the ${name}`,
    NOTE,
    `\`codis ${name} --config=FILE\` reads a TOML file. All keys of Codis 3.2 keep their names, defaults ` +
      `and meaning; keys marked *ours* are new. \`codis ${name} --default-config\` prints a file with ` +
      "everything. A key that isn't in the file has its default.",
    'Sizes are numbers with `b k kb m mb g gb t tb p pb` (units of 1024), like `"128kb"` or `"1.5gb"`; ' +
      'a bare number is bytes. Durations are written as in Go, like `"30s"`, `"1h15m"` or `"500ms"`; ' +
      "a bare number is seconds.",
    "A value that can't be used ends the start with one line that names the file, the line, the key and " +
      "what would be right, and with exit code 78. An unknown key is a warning with the nearest known " +
      `name; with \`--strict\` it ends the start. ${flags}`,
  ];
  for (const section of sections) {
    const specs = keys.filter((spec) => spec.section === section);
    parts.push(`## ${section}`, table(["key", "default", "accepts", "meaning"], specs.map(keyRow)));
  }
  return page(parts);
}

function keyRow(spec: KeySpec): readonly string[] {
  const floor = spec.floor === undefined ? "" : showValue(spec, spec.floor);
  const meaning = [
    spec.isOurs === true ? "*Ours.* " : "",
    spec.doc,
    spec.floor === undefined ? "" : ` Less than ${floor} counts as ${floor}.`,
    spec.withoutEffect === undefined ? "" : ` **Accepted without effect**: ${spec.withoutEffect}.`,
    spec.isSecret === true ? " Never shown in JSON or logs." : "",
    spec.isLogin === true ? " The password is never shown in JSON or logs." : "",
  ].join("");
  return [`\`${spec.name}\``, `\`${JSON.stringify(spec.fallback)}\``, expectation(spec), meaning];
}
