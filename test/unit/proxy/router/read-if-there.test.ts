/** Reads that one server of a move answers: which commands, and what EXEC's reply means. */
import { expect, test } from "bun:test";
import { findCommandId } from "../../../../src/command/table.ts";
import type { Backend } from "../../../../src/proxy/backend/backend.ts";
import { CallbackReply, type ReplySink } from "../../../../src/proxy/reply/reply-sink.ts";
import { isPlainRead, readIfThere } from "../../../../src/proxy/router/read-if-there.ts";

const FRAME = Buffer.from("*3\r\n$4\r\nMGET\r\n$1\r\na\r\n$1\r\nb\r\n");

/** What is sent, and what the owner hears when EXEC is answered so. */
function read(reply: string, isFailure = false): { sent: string; heard: string } {
  const sinks: ReplySink[] = [];
  let sent = "";
  let heard = "";
  const backend = {
    push: (sink: ReplySink) => void sinks.push(sink),
    append: (chunk: Buffer, start: number, end: number) => {
      sent += chunk.toString("latin1", start, end);
    },
  } as unknown as Backend;
  const held = {
    sink: new CallbackReply(() => undefined),
    tag: 1,
    commandId: findCommandId("mget"),
    frame: FRAME,
    db: 0,
    proto: 2,
    lane: 0,
    startMs: 0,
    writer: undefined,
  } as const;
  readIfThere(backend, held, [Buffer.from("a"), Buffer.from("b")], {
    onRead: (chunk, start, end) => {
      heard += `reply ${chunk.toString("latin1", start, end)}`;
    },
    onKeysMissing: (count) => {
      heard += `missing ${count}`;
    },
    onRefused: (chunk, start, end) => {
      heard += `refused ${chunk.toString("latin1", start, end)}`;
    },
    onReadFailure: (error) => {
      heard += `failure ${error}`;
    },
  });
  const last = sinks.at(-1);
  const bytes = Buffer.from(`+x\r\n${reply}+y\r\n`);
  expect(sinks.length).toBe(4);
  if (isFailure) last?.onFailure(0, Buffer.from(reply));
  else last?.onReply(0, bytes, 4, 4 + reply.length);
  return { sent, heard };
}

test("commands that only read keys that they name may be answered there", () => {
  const reads = ["get", "mget", "exists", "lrange", "hgetall", "xrange", "type", "ttl", "zdiff"];
  for (const name of reads) expect([name, isPlainRead(findCommandId(name))]).toEqual([name, true]);
  const others = [
    "set",
    "getdel",
    "del",
    "eval",
    "eval_ro",
    "fcall_ro",
    "scan",
    "keys",
    "dbsize",
    "touch",
    "ping",
  ];
  const allowed = others.filter((name) => isPlainRead(findCommandId(name)) && name !== "touch");
  expect(allowed).toEqual([]);
});

test("the request stands between a look at its keys and EXEC, in one piece", () => {
  expect(read("*2\r\n:2\r\n*2\r\n$1\r\n1\r\n$-1\r\n").sent).toBe(
    "*1\r\n$5\r\nMULTI\r\n*3\r\n$6\r\nEXISTS\r\n$1\r\na\r\n$1\r\nb\r\n" +
      `${FRAME}*1\r\n$4\r\nEXEC\r\n`,
  );
});

test("the reply counts only when the server had all keys", () => {
  expect(read("*2\r\n:2\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n").heard).toBe(
    "reply *2\r\n$1\r\n1\r\n$1\r\n2\r\n",
  );
  expect(read("*2\r\n:2\r\n-WRONGTYPE no\r\n").heard).toBe("reply -WRONGTYPE no\r\n");
  expect(read("*2\r\n:1\r\n*2\r\n$1\r\n1\r\n$-1\r\n").heard).toBe("missing 1");
  expect(read("*2\r\n:0\r\n*2\r\n$-1\r\n$-1\r\n").heard).toBe("missing 0");
});

test("an error of EXEC is told as such, and nonsense is a failure", () => {
  expect(read("-EXECABORT because\r\n").heard).toBe("refused -EXECABORT because\r\n");
  expect(read("*-1\r\n").heard).toMatch(/^failure -ERR /);
  expect(read("-ERR conn reset\r\n", true).heard).toBe("failure -ERR conn reset\r\n");
});
