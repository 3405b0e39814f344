#!/usr/bin/env node
/**
 * Set-up of a fresh clone: the npm packages, and the Debian packages of `debian-packages.txt`. Called by
 * `npm start` and `npm test` before anything else, so this file is plain JavaScript for Node without any
 * dependency. When nothing is missing it ends in a fraction of a second and prints nothing.
 *
 * Usage: node scripts/setup.mjs start|test
 */
import { spawnSync } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { delimiter, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const NODE_MAJOR_MIN = 20;
/** Anything smaller is the text that stands in for Bun until its install script has run. */
const BUN_BYTES_MIN = 1_000_000;
const root = dirname(dirname(fileURLToPath(import.meta.url)));

function main() {
  const purpose = process.argv[2];
  if (purpose !== "start" && purpose !== "test") {
    fail("usage: node scripts/setup.mjs start|test", 2);
  }
  if (Number(process.versions.node.split(".")[0]) < NODE_MAJOR_MIN) {
    fail(`Node ${NODE_MAJOR_MIN} or later is needed, this is ${process.versions.node}`, 1);
  }
  installNpmPackages();
  linkBun();
  installDebianPackages(purpose);
}

/** Runs `npm ci` when node_modules isn't what package-lock.json says. */
function installNpmPackages() {
  if (isNodeModulesCurrent()) {
    return;
  }
  say("npm packages are missing or old: npm ci");
  const npm = process.env.npm_execpath;
  const [command, first] = npm === undefined ? ["npm", []] : [process.execPath, [npm]];
  run(command, [...first, "ci", "--include=dev", "--no-audit", "--no-fund"], process.env);
}

/** Compares the lock file with npm's record of what it has installed. */
function isNodeModulesCurrent() {
  const installed = readJson(join(root, "node_modules", ".package-lock.json"))?.packages;
  const wanted = readJson(join(root, "package-lock.json"))?.packages;
  if (installed === undefined || wanted === undefined) {
    return false;
  }
  const isWantedThere = Object.entries(wanted).every(([path, entry]) => {
    const found = installed[path];
    // The root itself isn't recorded; optional packages may be for other platforms.
    return path === "" || (found === undefined ? entry.optional : found.version === entry.version);
  });
  return isWantedThere && Object.keys(installed).every((path) => path in wanted);
}

/** Without install scripts (`ignore-scripts`) `node_modules/.bin/bun` isn't a program: links it. */
function linkBun() {
  const place = join(root, "node_modules", "bun", "bin", "bun.exe");
  if (existsSync(place) && statSync(place).size >= BUN_BYTES_MIN) {
    return;
  }
  const vendor = join(root, "node_modules", "@oven");
  const candidates = existsSync(vendor) ? readdirSync(vendor) : [];
  const found = candidates.map((name) => join(vendor, name, "bin", "bun")).find(existsSync);
  if (found === undefined) {
    fail(`there is no Bun for ${process.platform}-${process.arch} in node_modules; run: npm ci`, 1);
  }
  rmSync(place, { force: true });
  symlinkSync(relative(dirname(place), found), place);
}

function installDebianPackages(purpose) {
  const missing = findMissingPackages(purpose);
  if (missing.length === 0) {
    return;
  }
  const install = ["install", "-y", "--no-install-recommends", ...missing];
  if (!isProgram("apt-get")) {
    fail(`these programs are needed, please install them: ${missing.join(" ")}`, 1);
  }
  if (process.getuid?.() !== 0) {
    const command = `sudo apt-get update && sudo apt-get ${install.join(" ")}`;
    fail(`Debian packages are missing; run: ${command}`, 1);
  }
  say(`Debian packages are missing: apt-get ${install.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const quiet = ["-qq", "-o", "DPkg::Lock::Timeout=300"];
  run("apt-get", [...quiet, "update"], env);
  run("apt-get", [...quiet, ...install], env);
}

function findMissingPackages(purpose) {
  const lines = readFileSync(join(root, "scripts", "debian-packages.txt"), "utf8").split("\n");
  const rows = lines
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => line.trim().split(/\s+/))
    .filter(([when]) => when === "start" || when === purpose);
  const asked = rows.filter(([, , program]) => program === "-").map(([, name]) => name);
  const known = findInstalled(asked);
  return rows
    .filter(([, name, program]) => (program === "-" ? !known.has(name) : !isProgram(program)))
    .map(([, name]) => name);
}

/** Those of the packages that dpkg has fully installed. */
function findInstalled(names) {
  if (names.length === 0 || !isProgram("dpkg-query")) {
    return new Set();
  }
  const format = ["-W", "-f", `\${Package} \${Status}\n`];
  const { stdout } = spawnSync("dpkg-query", [...format, ...names], { encoding: "utf8" });
  const lines = (stdout ?? "").split("\n").filter((line) => line.endsWith(" install ok installed"));
  return new Set(lines.map((line) => line.split(" ")[0]));
}

/** Debian keeps some servers in /usr/sbin, which isn't in everybody's PATH. */
function isProgram(name) {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function run(command, args, env) {
  // What these print goes to stderr: stdout belongs to the program that is started afterwards.
  const { status, error } = spawnSync(command, args, { cwd: root, env, stdio: ["ignore", 2, 2] });
  if (error !== undefined || status !== 0) {
    fail(
      `${command} ${args.join(" ")} failed${error === undefined ? "" : `: ${error.message}`}`,
      1,
    );
  }
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

function say(line) {
  process.stderr.write(`set-up: ${line}\n`);
}

function fail(line, code) {
  say(line);
  process.exit(code);
}

main();
