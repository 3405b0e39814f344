/**
 * The script that completes `codis` and `codis-admin` in zsh, for `source <(codis completion zsh)` behind `compinit`,
 * or as a file `_codis` in a folder of `$fpath`. It asks the program what can stand there (`offer.ts`).
 */
import { FILES } from "./offer.ts";

/** Text of the script. */
export function zshScript(): string {
  return `\
#compdef codis codis-admin
# Completion of codis for zsh. Made by: codis completion zsh
# To have it in every shell, put this line into ~/.zshrc, behind compinit:  source <(codis completion zsh)

_codis() {
  local -a offers
  offers=("\${(@f)$(command codis completion offer "\${(@)words[1,CURRENT]}" 2>/dev/null)}")
  if [[ $offers[1] == ${FILES} ]]; then
    compset -P '*='
    _files
    return
  fi
  # No blank behind a flag that waits for its value.
  compadd -S '' -- \${(M)offers:#*=}
  compadd -- \${offers:#*=}
}

# Read as a file of $fpath it is the function's body; sourced, it has to be told whom it completes.
if [[ $funcstack[1] == _codis ]]; then
  _codis "$@"
else
  compdef _codis codis codis-admin
fi
`;
}
