import type { Candidate } from "./canonical-order.ts";
import { type FoundRequest, requestObject } from "./found-request.ts";
import type { AnyLedger } from "./ledger.ts";

/** A found request, parsed by the domain. */
export const candidateOf = (ledger: AnyLedger, found: FoundRequest): Candidate<unknown> => ({
  found,
  parsed: ledger.domain.parse(requestObject(found), ledger.settings),
});
