/**
 * What the calls of `/api/v1` about live data do: the live document at once, as a stream, and figures of the past.
 * The document of a leadership, and the hub that keeps it, are made when somebody first asks for them.
 */
import type { FastifyReply } from "fastify";
import { LiveDocument } from "../../live/live-document.ts";
import { LiveHub } from "../../live/live-hub.ts";
import { viewPerformance } from "../../live/performance.ts";
import { effectiveLegacyApi, mayStillRead } from "../gate/access.ts";
import type { AdminContext } from "../gate/context.ts";
import type { Reign } from "../reign/reign.ts";
import type { V1Call, V1Handler } from "./call.ts";
import { LiveView } from "./live-view.ts";

const JSON_TYPE = "application/json; charset=utf-8";

type LiveName = "getLive" | "getStream" | "getPerformance";

/** The function of each call. */
export const V1_LIVE_HANDLERS: { readonly [N in LiveName]: V1Handler<N> } = {
  getLive: (call) => answerLive(call),
  getStream: (call) => listen(call),
  getPerformance: ({ reign, context, query, reply }) => {
    const nowMs = context.clock.nowMs();
    sendText(reply, JSON.stringify(viewPerformance(reign.leader, reign.sampler, query, nowMs)));
    return undefined;
  },
};

async function answerLive({ reign, context, query, reply }: V1Call<"getLive">): Promise<undefined> {
  const hub = await hubOf(reign, context);
  sendText(reply, hub.message(query.since));
  return undefined;
}

/** Without the indentation of other answers: one number a line would be four times as long. */
function sendText(reply: FastifyReply, json: string): void {
  reply.header("cache-control", "no-store").type(JSON_TYPE).send(json);
}

/** Hands the connection over to the hub, which asks at times whether the caller may still read. */
async function listen(call: V1Call<"getStream">): Promise<undefined> {
  const { reign, context, caller, request, reply } = call;
  const hub = await hubOf(reign, context);
  const lastEventId = request.headers["last-event-id"];
  hub.add(reply.raw, typeof lastEventId === "string" ? lastEventId : undefined, () =>
    mayStillRead(reign, caller),
  );
  reply.hijack();
  return undefined;
}

/** The hub of this leadership, made when somebody first asks for it. */
async function hubOf(reign: Reign, context: AdminContext): Promise<LiveHub> {
  const { leader } = reign;
  const isOpen = (await reign.users()).isOpen();
  return reign.live(() => {
    const view = createView(reign, context, isOpen);
    return new LiveHub({
      document: new LiveDocument(leader.epoch),
      read: () => view.read(),
      onChange: (listener) => {
        const ends = [
          leader.onChange(listener),
          leader.migration.onOperation(listener),
          leader.availability.onFailover(listener),
        ];
        return () => {
          for (const end of ends) {
            end();
          }
        };
      },
      clock: context.clock,
    });
  });
}

function createView(reign: Reign, context: AdminContext, isOpenNow: boolean): LiveView {
  let isOpen = isOpenNow;
  return new LiveView({
    leader: reign.leader,
    sampler: reign.sampler,
    health: () => reign.health.health(),
    nowMs: () => context.clock.nowMs(),
    facts: () => {
      // Told with the next message: who may call is no matter of seconds here.
      reign.users().then(
        (users) => {
          isOpen = users.isOpen();
        },
        () => undefined, // What was known stays until they can be read again.
      );
      return {
        label: context.label,
        model: context.control.model(),
        isOpen,
        legacyApi: effectiveLegacyApi(context.legacyApi, isOpen),
      };
    },
  });
}
