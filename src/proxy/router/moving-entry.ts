/**
 * One slot whose keys come from another server, in the router: what the table says, the requests that wait for keys,
 * and those that are with a server by this table.
 */
import type { SlotRecord } from "../../model/slot.ts";
import type { MovingSlot } from "../mover/moving-slot.ts";
import type { ReplySink } from "../reply/reply-sink.ts";
import type { MovingRequest } from "./moving-request.ts";

/** See the file head. */
export interface MovingEntry {
  record: SlotRecord;
  readonly slot: MovingSlot;
  /** Requests that wait, by session. None is empty. */
  readonly queues: Map<ReplySink, MovingRequest[]>;
  /** Requests that the source of a wrapped slot is asked to carry out. */
  asked: number;
  /** Of those, the ones that it didn't, since the slot stopped moving this way. */
  readonly comeBack: MovingRequest[];
}
