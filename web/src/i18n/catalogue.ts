/**
 * All texts of the console, from the catalogues of its parts. Each text is a pair: English, Chinese; `{name}`
 * is filled in. Keys begin with the name of their part, so no two parts have the same.
 */
import { text as alerts } from "../screens/alerts/text.ts";
import { text as audit } from "../screens/audit/text.ts";
import { text as availability } from "../screens/availability/text.ts";
import { text as groups } from "../screens/groups/text.ts";
import { text as help } from "../screens/help/text.ts";
import { text as operations } from "../screens/operations/text.ts";
import { text as overview } from "../screens/overview/text.ts";
import { text as performance } from "../screens/performance/text.ts";
import { text as plans } from "../screens/plans/text.ts";
import { text as products } from "../screens/products/text.ts";
import { text as proxies } from "../screens/proxies/text.ts";
import { text as settings } from "../screens/settings/text.ts";
import { text as signIn } from "../screens/sign-in/text.ts";
import { text as slots } from "../screens/slots/text.ts";
import { text as topology } from "../screens/topology/text.ts";
import { text as users } from "../screens/users/text.ts";
import { text as shell } from "../shell/text.ts";
import { text as ui } from "./ui-text.ts";

/** English, Chinese. */
export type TextPair = readonly [string, string];

const parts = {
  ...ui,
  ...shell,
  ...signIn,
  ...products,
  ...settings,
  ...help,
  ...overview,
  ...topology,
  ...slots,
  ...plans,
  ...operations,
  ...proxies,
  ...groups,
  ...availability,
  ...performance,
  ...alerts,
  ...audit,
  ...users,
} as const satisfies Readonly<Record<string, TextPair>>;

/** Name of a text. */
export type TextKey = keyof typeof parts;

/** All texts by name. */
export const catalogue: Readonly<Record<TextKey, TextPair>> = parts;
