/**
 * The default `proxy.toml`, as `--default-config` prints it. The form is that of every program
 * (`src/config/default-text.ts`).
 */
import { defaultFileText } from "../../config/default-text.ts";
import { KEY_SECTIONS, PROXY_KEYS } from "./key.ts";

/** The text of the default file; it ends with a newline. */
export function defaultConfigText(): string {
  return defaultFileText("codis-proxy", PROXY_KEYS, KEY_SECTIONS);
}
