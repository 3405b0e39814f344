/**
 * The script that completes `codis` and `codis-admin` in fish, for `codis completion fish | source`, or as the file
 * `codis.fish` in fish's folder of completions. It asks the program what can stand there (`offer.ts`).
 */
import { FILES } from "./offer.ts";

/** Text of the script. */
export function fishScript(): string {
  return `\
# Completion of codis for fish. Made by: codis completion fish
# To have it in every shell:  codis completion fish > ~/.config/fish/completions/codis.fish

function __codis_offers
    set -l current (commandline -ct)
    set -l offers (command codis completion offer (commandline -opc) "$current" 2>/dev/null)
    if test "$offers[1]" = ${FILES}
        set -l parts (string split -m 1 = -- $current)
        for path in (__fish_complete_path "$parts[2]")
            echo $parts[1]=$path
        end
    else
        printf '%s\\n' $offers
    end
end

complete -c codis -f -a '(__codis_offers)'
complete -c codis-admin -f -a '(__codis_offers)'
`;
}
