/**
 * The `codis` mover in its sync way: `test/support/codis-mover-suite.ts`.
 */
import { setDefaultTimeout } from "bun:test";
import { FORWARD_METHOD } from "../../../src/model/slot.ts";
import { describeCodisMover, endCodisPairs } from "../../support/codis-mover-suite.ts";

setDefaultTimeout(60_000);
endCodisPairs();
describeCodisMover(FORWARD_METHOD.sync);
