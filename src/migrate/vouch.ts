/**
 * How one mover spares the others a doubt (`doubt.ts`): whoever has made sure that no bytes of the source's
 * first `count` IOERR transfers can reach a target any more says so in the name of its connection to the
 * source, and a mover that meets the same count for the first time reads it in `CLIENT LIST` there.
 *
 * Without it every mover that comes later would cut the connections of those that move keys happily. What is
 * said holds for as long as the source runs, and so does a connection to it at most.
 */
import { MOVER_NAME_PREFIX } from "./doubt.ts";

/** The name for a mover's connection to the source, once it has made sure. `name` is its plain name. */
export function vouchingName(name: string, targetAddr: string, count: number): string {
  return `${name}${markOf(targetAddr, count)}`;
}

/** Whether a mover in the source's reply to `CLIENT LIST TYPE normal` has made sure up to this count. */
export function isVouchedFor(clientList: string, targetAddr: string, count: number): boolean {
  const mark = markOf(targetAddr, count);
  return clientList.split("\n").some((line) => {
    const name = /(?:^| )name=(\S*)/.exec(line)?.[1] ?? "";
    return name.startsWith(MOVER_NAME_PREFIX) && name.endsWith(mark);
  });
}

function markOf(targetAddr: string, count: number): string {
  return `/sure/${count}/${targetAddr}`;
}
