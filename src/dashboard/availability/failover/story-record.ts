/**
 * A story as text of its node, `/codis-ext/{product}/failover/<epoch>-<number>`, and back. Fields that a newer program
 * added are dropped.
 */
import {
  FAILOVER_EVENTS_MAX,
  FAILOVER_KINDS,
  FAILOVER_OUTCOMES,
  FAILOVER_STEPS,
  type Failover,
  type FailoverEvent,
} from "../../../model/availability/failover.ts";
import { GROUP_ID_MAX } from "../../../model/group.ts";
import { RecordReader } from "../../../model/json-record.ts";

const NUMBER_MAX = Number.MAX_SAFE_INTEGER;

/** The two numbers in an id. */
export interface StoryNumber {
  readonly epoch: number;
  readonly number: number;
}

/** The id of a story. */
export function storyIdOf({ epoch, number }: StoryNumber): string {
  return `${epoch}-${number}`;
}

/** The numbers in an id; undefined for a text that is none. */
export function parseStoryId(id: string): StoryNumber | undefined {
  const match = /^(0|[1-9]\d{0,14})-([1-9]\d{0,14})$/.exec(id);
  return match === null ? undefined : { epoch: Number(match[1]), number: Number(match[2]) };
}

/** Text of a story's node. */
export function encodeStory(story: Failover): string {
  return JSON.stringify(story);
}

/** Throws MODEL_INVALID; `source` begins error lines, `expectedId` is the name of the node. */
export function decodeStory(value: unknown, source: string, expectedId: string): Failover {
  const fields = new RecordReader(value, source);
  const optional = (field: "endedAtMs" | "pauseMs" | "lostBytes"): number | undefined =>
    fields.has(field) ? fields.int(field, 0, NUMBER_MAX) : undefined;
  return {
    id: fields.textLike("id", (text) => text === expectedId, expectedId),
    groupId: fields.int("groupId", 1, GROUP_ID_MAX),
    kind: fields.oneOf("kind", FAILOVER_KINDS),
    from: fields.text("from"),
    to: fields.text("to"),
    beganAtMs: fields.int("beganAtMs", 0, NUMBER_MAX),
    endedAtMs: optional("endedAtMs"),
    outcome: fields.oneOf("outcome", FAILOVER_OUTCOMES),
    reason: fields.text("reason"),
    pauseMs: optional("pauseMs"),
    lostBytes: optional("lostBytes"),
    events: fields.list("events").slice(0, FAILOVER_EVENTS_MAX).map(decodeEvent),
  };
}

function decodeEvent(fields: RecordReader): FailoverEvent {
  return {
    atMs: fields.int("atMs", 0, NUMBER_MAX),
    step: fields.oneOf("step", FAILOVER_STEPS),
    about: fields.text("about"),
    text: fields.text("text"),
  };
}
