/**
 * The script that completes `codis` and `codis-admin` in bash, for `source <(codis completion bash)`. Needs
 * nothing but bash 4: the words are in the script, so completing starts no program.
 *
 * Bash splits `--gid=1` at the `=`, and gives the parts as three words.
 */
import { SHELLS } from "./offer.ts";
import type { WordTable } from "./word-table.ts";

/** Text of the script. */
export function bashScript(table: WordTable): string {
  const commands = ["help", "--help", "--version", ...table.commands].join(" ");
  const { admin } = table;
  return `\
# Completion of codis for bash. Made by: codis completion bash
# To have it in every shell, put this line into ~/.bashrc:  source <(codis completion bash)

_codis_verbs() {
  case $1 in
${cases(groupVerbs(table))}
  esac
}

_codis_config_verbs() {
  case $1 in
${cases(table.configVerbs)}
    *) echo "${[...table.configVerbs.keys(), "dashboard"].join(" ")}" ;;
  esac
}

_codis_flags() {
  case $1 in
${cases(new Map(table.verbs.map((one) => [`"${one.noun} ${one.verb}"`, [...one.flags, "--help"]])))}
  esac
}

_codis_choices() {
  case $1 in
${cases(new Map(choicesOf(table)))}
  esac
}

_codis_flag_choices() {
  case $1 in
${cases(new Map(flagChoicesOf(table)))}
  esac
}

_codis_reply() {
  local word
  while IFS= read -r word; do
    COMPREPLY+=("$word")
  done < <(compgen "$@")
}

# Files only where a file is meant.
_codis_no_files() {
  compopt +o default 2>/dev/null || :
}

_codis_admin_words() {
  local current=$1 flag=$2
  if [[ -n $flag ]]; then
    case $flag in
      ${admin.pathFlags.join("|")}) _codis_reply -f -- "$current" ;;
      *) _codis_no_files ;;
    esac
    return
  fi
  _codis_no_files
  _codis_reply -W "${[...admin.flags, ...admin.words].join(" ")}" -- "$current"
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]]; then
    compopt -o nospace 2>/dev/null || :
  fi
}

_codis_noun_words() {
  local noun=$1 verb=$2 current=$3 previous=$4
  _codis_no_files
  case $previous in
    ${valueFlagsOf(table).join("|")})
      _codis_reply -W "$(_codis_flag_choices "$noun $verb $previous")" -- "$current"
      return
      ;;
  esac
  if [[ $current == -* ]]; then
    _codis_reply -W "$(_codis_flags "$noun $verb")" -- "$current"
  else
    _codis_reply -W "$(_codis_choices "$noun $verb")" -- "$current"
  fi
}

_codis() {
  local words=("\${COMP_WORDS[@]:0:COMP_CWORD}") current=\${COMP_WORDS[COMP_CWORD]} flag=
  local previous=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  if [[ $current == = ]]; then
    flag=$previous current=
  elif [[ $previous == = ]]; then
    flag=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  if [[ \${words[0]##*/} == codis-admin ]]; then
    words=(codis admin "\${words[@]:1}")
  fi
  if [[ \${#words[@]} -eq 1 ]]; then
    _codis_no_files
    _codis_reply -W "${commands}" -- "$current"
    return
  fi
  case \${words[1]} in
    admin)
      _codis_admin_words "$current" "$flag"
      ;;
    ${table.nouns.join("|")})
      if [[ \${#words[@]} -gt 2 ]]; then
        _codis_noun_words "\${words[1]}" "\${words[2]}" "$current" "\${flag:-$previous}"
      elif [[ $current != -* ]]; then
        _codis_no_files
        _codis_reply -W "$(_codis_verbs "\${words[1]}") help" -- "$current"
      fi
      ;;
    ${table.loneVerbs.join("|")})
      _codis_noun_words "\${words[1]}" "" "$current" "\${flag:-$previous}"
      ;;
    config)
      # Flags before the noun aren't counted: codis config -c FILE server list.
      if [[ \${#words[@]} -eq 2 ]]; then
        _codis_no_files
        _codis_reply -W "$(_codis_config_verbs '')" -- "$current"
      elif [[ \${#words[@]} -eq 3 && \${words[2]} != -* ]]; then
        _codis_no_files
        _codis_reply -W "$(_codis_config_verbs "\${words[2]}")" -- "$current"
      fi
      ;;
    help)
      _codis_no_files
      if [[ \${#words[@]} -eq 2 ]]; then
        _codis_reply -W "${table.commands.join(" ")}" -- "$current"
      elif [[ \${#words[@]} -eq 3 ]]; then
        _codis_reply -W "$(_codis_verbs "\${words[2]}")" -- "$current"
      fi
      ;;
    completion)
      _codis_no_files
      _codis_reply -W "${SHELLS.join(" ")}" -- "$current"
      ;;
  esac
}

complete -o default -F _codis codis codis-admin
`;
}

function groupVerbs(table: WordTable): ReadonlyMap<string, readonly string[]> {
  return new Map(
    table.nouns.map((noun) => [
      noun,
      table.verbs.filter((one) => one.noun === noun).map((one) => one.verb),
    ]),
  );
}

function choicesOf(table: WordTable): readonly (readonly [string, readonly string[]])[] {
  return table.verbs
    .filter((one) => one.choices.length > 0)
    .map((one) => [`"${one.noun} ${one.verb}"`, one.choices]);
}

function flagChoicesOf(table: WordTable): readonly (readonly [string, readonly string[]])[] {
  return table.verbs.flatMap((one) =>
    [...one.flagChoices].map(
      ([flag, words]) => [`"${one.noun} ${one.verb} ${flag}"`, words] as const,
    ),
  );
}

function valueFlagsOf(table: WordTable): readonly string[] {
  return [...new Set(table.verbs.flatMap((one) => one.valueFlags))];
}

function cases(words: ReadonlyMap<string, readonly string[]>): string {
  return [...words].map(([name, list]) => `    ${name}) echo "${list.join(" ")}" ;;`).join("\n");
}
