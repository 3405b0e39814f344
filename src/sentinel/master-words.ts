/**
 * Two voices say who is the master of a group: the dashboard (what is stored) and the sentinels. This tells whose word
 * holds. Pure state, no I/O; the same rules for proxies and for the dashboard itself.
 *
 *     dashboard names another server than before      its word holds; all that sentinels have said so far is overruled
 *     dashboard names the same server again           nothing changes: it may not have noticed a switch
 *     sentinels: a failover that wasn't heard before  their word holds (its epoch is above 0, and not below the last)
 *     sentinels: the dashboard's own server           nothing is switched
 *     sentinels: an older epoch, or epoch 0           no failover: nothing changes
 *
 * So neither voice can undo the other by repeating itself: a switch is taken back only by a newer word.
 */

/** What sentinels say of one group. */
export interface SentinelWord {
  readonly addr: string;
  /** Config epoch: grows with each failover, 0 before the first. */
  readonly epoch: number;
}

/** Failovers of one group that are remembered as overruled. */
const OVERRULED_MAX = 16;

interface GroupWords {
  /** As the dashboard named it last. */
  namedAddr: string;
  /** Last word of the sentinels that counted. */
  heard: SentinelWord | undefined;
  /** Failovers that a newer word of the dashboard has overruled, oldest first. */
  readonly overruled: Set<string>;
  switchedTo: string | undefined;
}

/** See the file head. */
export class MasterWords {
  readonly #groups = new Map<number, GroupWords>();
  /** Nobody is followed any more; what is switched stays so until the dashboard names the group again. */
  #isOrphaned = false;

  /** The dashboard names the master of a group. */
  named(groupId: number, addr: string): void {
    const group = this.#groups.get(groupId);
    if (group === undefined) {
      this.#groups.set(groupId, {
        namedAddr: addr,
        heard: undefined,
        overruled: new Set(),
        switchedTo: undefined,
      });
      return;
    }
    if (group.namedAddr !== addr) {
      group.namedAddr = addr;
      group.switchedTo = undefined;
      overrule(group);
    } else if (this.#isOrphaned) {
      group.switchedTo = undefined;
    }
  }

  /**
   * What the sentinels agree on, by group; addresses spelled as the dashboard spells them where they are its own.
   * Groups that the dashboard never named are left out.
   */
  heard(words: ReadonlyMap<number, SentinelWord>): void {
    this.#isOrphaned = false;
    for (const [groupId, word] of words) {
      const group = this.#groups.get(groupId);
      if (group !== undefined) {
        hear(group, word);
      }
    }
  }

  /** All that sentinels have said of the group so far counts no more: an operator's change is under way. */
  overrule(groupId: number): void {
    const group = this.#groups.get(groupId);
    if (group?.heard !== undefined) {
      remember(group, group.heard);
      group.switchedTo = undefined;
    }
  }

  /** Whether a failover was overruled by a newer word of the dashboard. */
  isOverruled(groupId: number, word: SentinelWord): boolean {
    return this.#groups.get(groupId)?.overruled.has(keyOf(word)) === true;
  }

  /** Other sentinels are followed from now on, or none: their epochs have nothing to do with those of before. */
  forgetEpochs(hasSentinels: boolean): void {
    this.#isOrphaned = !hasSentinels;
    for (const group of this.#groups.values()) {
      group.heard = undefined;
      group.overruled.clear();
    }
  }

  /** The server that the dashboard named last; undefined when it never named the group. */
  namedAddr(groupId: number): string | undefined {
    return this.#groups.get(groupId)?.namedAddr;
  }

  /** The server that the sentinels have switched to since; undefined when the dashboard's word holds. */
  switchedTo(groupId: number): string | undefined {
    return this.#groups.get(groupId)?.switchedTo;
  }

  /** Whether the sentinels' word holds for any group. */
  get isSwitched(): boolean {
    return [...this.#groups.values()].some(({ switchedTo }) => switchedTo !== undefined);
  }
}

function hear(group: GroupWords, word: SentinelWord): void {
  const { addr, epoch } = word;
  if (epoch === 0) {
    // They were told to watch this server anew, by a dashboard: it says the same.
    if (addr === group.namedAddr) {
      group.switchedTo = undefined;
      group.heard = word;
    }
    return;
  }
  if (epoch < (group.heard?.epoch ?? 0)) {
    return;
  }
  group.heard = word;
  if (addr === group.namedAddr) {
    group.switchedTo = undefined;
  } else if (!group.overruled.has(keyOf(word))) {
    group.switchedTo = addr;
  }
}

function overrule(group: GroupWords): void {
  // The same server: the dashboard has followed the sentinels, and there is nothing to overrule.
  if (group.heard !== undefined && group.heard.addr !== group.namedAddr) {
    remember(group, group.heard);
  }
}

function remember({ overruled }: GroupWords, word: SentinelWord): void {
  overruled.add(keyOf(word));
  for (const key of overruled) {
    if (overruled.size <= OVERRULED_MAX) {
      break;
    }
    overruled.delete(key);
  }
}

function keyOf({ addr, epoch }: SentinelWord): string {
  return `${epoch} ${addr}`;
}
