/**
 * Screens of proxies, groups, high availability, audit and users in a browser: dark and Chinese.
 */
import { scanMembers } from "./support/members-scan.ts";

scanMembers({ theme: "dark", language: "zh" });
