/**
 * What this program calls itself: its version from `package.json`, and the runtime it runs on. Shown by
 * `--version`, in `GET /proxy` and in the metrics.
 */
import packageJson from "../../package.json" with { type: "json" };

/** Version of the program, as in `package.json`. */
export const VERSION: string = packageJson.version;

/** The runtime and platform, the second line of `--version` and `compile` in the JSON of Codis. */
export const RUNTIME: string = `bun ${process.versions.bun ?? "?"} ${process.platform}/${process.arch}`;
