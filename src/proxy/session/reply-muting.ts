/**
 * CLIENT REPLY: OFF drops every reply until ON, SKIP drops that of the next command.
 *
 * While replies are dropped commands run one at a time: the output is muted before a command and unmuted when its
 * reply was due, so a dropped reply is never mixed with one that must go out. As Redis, the command that
 * switches replies on is answered, and another SKIP after a SKIP skips the command after it.
 */
import type { ReplyMode } from "../dispatch/context.ts";
import type { SessionOutput } from "../reply/session-output.ts";

/** One for each session. */
export class ReplyMuting {
  readonly #output: SessionOutput;
  #mode: ReplyMode = "on";
  /** The command at hand has set the mode. */
  #wasSet = false;

  constructor(output: SessionOutput) {
    this.#output = output;
  }

  get mode(): ReplyMode {
    return this.#mode;
  }

  /** CLIENT REPLY, or RESET. */
  set(mode: ReplyMode): void {
    this.#wasSet = true;
    this.#mode = mode;
    if (mode === "on") this.#output.isMuted = false;
  }

  /** Before a command; only while nothing is in flight. */
  begin(): void {
    this.#output.isMuted = true;
    this.#wasSet = false;
  }

  /** After it was dispatched; `isTaken` false when it will be offered again. Undoes a used-up SKIP. */
  end(isTaken: boolean): void {
    if (isTaken && this.#mode === "skip" && !this.#wasSet) this.#mode = "on";
    if (this.#output.inFlightCount === 0) this.#output.isMuted = false;
  }
}
