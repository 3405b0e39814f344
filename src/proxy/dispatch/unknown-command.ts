/**
 * Runs a command that the table doesn't know: what it is was learnt from a server (`shards/learn-command.ts`),
 * then it goes to the owner of its keys, or is refused with Redis's own words.
 */
import { slotOf } from "../../command/hash.ts";
import type { CommandHandler, Shard } from "./context.ts";
import { REPLY_CROSSSLOT, REPLY_SLOT_OFFLINE, wrongArity } from "./reply-text.ts";
import { CommandLearner } from "./shards/learn-command.ts";

/** Who serves keys of one slot now; an error reply when nobody does. Never rejects. */
export type FindShard = (
  slotId: number,
  db: number,
  keys: readonly Buffer[],
) => Promise<Shard | Buffer>;

/** A handler with a memory of its own, for a worker. */
export function createUnknownCommandHandler(findShard: FindShard): CommandHandler {
  const learner = new CommandLearner();
  return async (client, argv, env) => {
    const { command, refusal } = await learner.learn(client, argv, env);
    if (command === undefined) return refusal;
    const { arity, firstKey, lastKey, keyStep } = command;
    if (arity > 0 ? argv.length !== arity : argv.length < -arity) return wrongArity(command.name);
    const last = lastKey < 0 ? argv.length + lastKey : lastKey;
    const mask = env.shards.slotCount - 1;
    let slot = -1;
    const keys: Buffer[] = [];
    for (let i = firstKey; i <= last; i += keyStep) {
      const key = argv[i];
      if (key === undefined) return wrongArity(command.name);
      const own = slotOf(key, 0, key.length, mask);
      if (slot !== -1 && own !== slot) return REPLY_CROSSSLOT;
      slot = own;
      keys.push(key);
    }
    const shard = slot === -1 ? REPLY_SLOT_OFFLINE : await findShard(slot, client.db, keys);
    if (Buffer.isBuffer(shard)) return shard;
    if (command.isWrite) client.writtenGroups.add(shard.groupId);
    return env.shards.call(shard, client.db, client.proto, argv);
  };
}
