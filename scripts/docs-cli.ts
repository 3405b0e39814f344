/**
 * The reference page about the command lines that `generate-docs.ts` writes: subcommands, exit codes, the
 * everyday form, and the flags of `codis admin`.
 */
import { ADMIN_ORDERS } from "../src/cli/admin/main.ts";
import { type AdminTarget, describeUse, TARGET_HEADS } from "../src/cli/admin/order.ts";
import { EXIT, EXIT_MEANINGS, errorsOfExit } from "../src/cli/exit-code.ts";
import { LONE_VERBS, NOUNS } from "../src/cli/noun/noun.ts";
import {
  DEFAULT_DASHBOARD,
  isAsking,
  type LoneVerb,
  type Noun,
  optionsOf,
  type Verb,
  verbName,
} from "../src/cli/noun/program.ts";
import { SUBCOMMANDS } from "../src/cli/subcommand.ts";
import { NOTE, page, table } from "./docs-page.ts";

/** Flags that every verb has; they aren't repeated in the tables. */
const COMMON_FLAGS = ["--json", "--dashboard", "--api-token", "--yes", "--reason"];

/** `docs/cli.md`. */
export function cliPage(): string {
  return page([
    "# Command lines",
    NOTE,
    "`codis` is one program with subcommands. `codis help COMMAND [VERB]` and `codis COMMAND --help` explain each.",
    table(
      ["command", "what it is for"],
      SUBCOMMANDS.map(({ name, summary, isHere }) => [
        `\`codis ${name}\``,
        isHere ? summary : `${summary} (with a later release)`,
      ]),
    ),
    ...exitPart(),
    ...nounPart(),
    ...adminPart(),
    "## Completion",
    "Commands, verbs, flags and words are completed, of `codis` and `codis-admin`. bash: put " +
      "`source <(codis completion bash)` into `~/.bashrc`. zsh: `source <(codis completion zsh)` into `~/.zshrc`, " +
      "behind `compinit`. fish: `codis completion fish > ~/.config/fish/completions/codis.fish`.",
  ]);
}

function exitPart(): readonly string[] {
  const rows = (Object.keys(EXIT) as (keyof typeof EXIT)[]).map((name) => [
    String(EXIT[name]),
    EXIT_MEANINGS[name],
    name === "failed"
      ? "all others"
      : errorsOfExit(EXIT[name])
          .map((code) => `\`${code}\``)
          .join(", "),
  ]);
  return [
    "## Exit codes",
    "They are the same for all commands, and never change. What was asked for is on stdout, a failure is one line " +
      "on stderr with the reason and, where it is known, the next step.",
    table(["exit code", "meaning", "[error codes](errors.md)"], rows),
  ];
}

function nounPart(): readonly string[] {
  return [
    "## Everyday form",
    "`codis NOUN VERB …` speaks to a dashboard over [`/api/v1`](http-api-dashboard.md). Tables are for people and " +
      "may change; `--json` is for programs: it prints what the API answers. `codis rebalance` needs no noun.",
    table(
      ["flag", "meaning"],
      [
        ["`--json`", "JSON instead of a table"],
        [
          "`--dashboard ADDR`",
          "admin address of the dashboard; else `CODIS_DASHBOARD` in the environment, else " +
            `\`${DEFAULT_DASHBOARD}\`, where \`codis up\` has its own`,
        ],
        [
          "`--api-token SECRET`",
          "token of a user; else `CODIS_TOKEN` in the environment, which doesn't show in lists of processes",
        ],
        [
          "`--yes`",
          "do it without asking, for verbs that take something away; needed where there is no terminal",
        ],
        ["`--reason TEXT`", "why, for the audit log, when something is changed"],
      ],
    ),
    ...LONE_VERBS.flatMap(describeLone),
    ...watchPart(),
    ...NOUNS.flatMap(describeNoun),
  ];
}

function describeLone({ verb, examples }: LoneVerb): readonly string[] {
  return [
    `### codis ${verbName(verb)}`,
    `${verb.summary}${isAsking(verb) ? "; *asks first*" : ""}. Also as \`codis slot ${verbName(verb)}\`.`,
    table(
      ["flag", "meaning"],
      ownOptions(verb).map(({ flags, description }) => [`\`${flags}\``, description]),
    ),
    showExamples(examples),
  ];
}

function watchPart(): readonly string[] {
  return [
    "`codis rebalance`, `codis slot migrate` and `codis plan start` show their plan, ask, start it as an operation " +
      "and watch that; `codis operation watch` only watches. At a terminal a few lines change in place: slots, keys, " +
      "bytes, rate, time to go, the longest stall of a server, the longest time that requests were held, and why it " +
      "makes no progress. Where stdout isn't a terminal, or with `--json`, each line is a JSON object: " +
      '`{"plan": …}` first, then `{"operation": …}` after each change, as in the lists of the API. While no ' +
      "dashboard answers they go on asking for a minute.",
    table(
      ["exit code", "while moving slots"],
      [
        [
          String(EXIT.done),
          "the operation is done; nothing has to move; a plan without problems (`--dry-run`)",
        ],
        [
          String(EXIT.failed),
          "the plan has problems; the operation was cancelled or ended with trouble; the answer was no; the time of " +
            "`--timeout` is up",
        ],
        [String(EXIT.interrupted), "Ctrl+C: the operation goes on"],
      ],
    ),
  ];
}

/** Flags that not every verb has. */
function ownOptions(verb: Verb<never>) {
  return optionsOf(verb).filter((option) => !COMMON_FLAGS.includes(option.long ?? ""));
}

function showExamples(examples: Noun["examples"]): string {
  const lines = examples.map(([command, what]) => `${command}  # ${what}`);
  return `\`\`\`sh\n${lines.join("\n")}\n\`\`\``;
}

function describeNoun(noun: Noun): readonly string[] {
  const rows = noun.verbs.map((verb) => {
    // Those of a verb without a noun have a table of their own.
    const lone = LONE_VERBS.find((one) => one.verb === verb);
    const own =
      lone === undefined
        ? ownOptions(verb).map((option) => `\`${option.flags}\`: ${option.description}`)
        : [`those of \`codis ${verbName(verb)}\``];
    const words = verb.use.split(" ").slice(1).join(" ");
    return [
      `\`${[verbName(verb), words].filter((word) => word !== "").join(" ")}\``,
      verb.summary + (isAsking(verb) ? "; *asks first*" : ""),
      own.join("; "),
    ];
  });
  return [
    `### codis ${noun.name}`,
    noun.summary,
    table(["verb", "what it does", "flags"], rows),
    showExamples(noun.examples),
  ];
}

function adminPart(): readonly string[] {
  const targets = Object.keys(TARGET_HEADS) as AdminTarget[];
  return [
    "## codis admin",
    "The command line of Codis 3, with the flags of `codis-admin` and its answers. `--name=VALUE` and `--name VALUE` " +
      "mean the same; `-a`, `-x`, `-t`, `-g` are `--auth`, `--addr`, `--token`, `--gid`; `-v` tells more of a " +
      "failure. Without `--confirm` assigning, rebalancing and restoring only print.",
    ...targets.flatMap((target) => [
      `**${TARGET_HEADS[target].title}**: ${TARGET_HEADS[target].usage}`,
      table(
        ["flags", "what it does"],
        ADMIN_ORDERS.filter((order) => order.target === target).map((order) => [
          `\`${describeUse(order)}\``,
          order.summary,
        ]),
      ),
    ]),
    "### Moving a product to another coordinator",
    "Stop its dashboard, dump, restore, and start the dashboard with the new coordinator. Proxies serve " +
      "throughout. A restore is done wholly or not at all; it is refused while a dashboard leads the product, and " +
      "when the product has groups or proxies already. Sentinels, users and the audit log aren't in a dump. A proxy " +
      "that was started for another product is left out, with a note.",
    "```sh\n" +
      "codis admin --dashboard=127.0.0.1:18080 --shutdown\n" +
      "codis admin --zookeeper=127.0.0.1:2181 --config-dump --product=demo > demo.json\n" +
      "codis admin --etcd=127.0.0.1:2379 --config-restore=demo.json --product=demo --confirm\n" +
      "```",
    "A product of Codis 1.x or 2.x comes over in the same way: `--config-dump -1` writes its old tree, and " +
      "`--config-convert=FILE` makes a dump of today's form of it. No slot may be moving, and every group needs one " +
      "master.",
  ];
}
