/**
 * What a call to Linq brought back; never carries text of the answer, an address or a secret.
 *
 * `answered`: the status line and headers arrived. `hasEnvelope`: an error in Linq's own shape, so Linq itself said it;
 * without it a gateway, a firewall or another server did. It and `isJson` are false when the body didn't arrive whole.
 * `linqCode` and `traceId` are read from any shape of Linq's errors.
 *
 * `unanswered`: `mayHaveArrived` says that the call may have taken effect all the same; false when it was never sent,
 * and for reads. `cause` is one short stable word: `timeout`, `connect_timeout`, `refused`, `unreachable`, `dns`,
 * `tls`, `reset`, `proxy` (it doesn't answer, or refuses the way), `protocol`, `unreadable`, `aborted`, `closed` or
 * `other`.
 */
export type LinqAnswer =
  | {
      readonly kind: 'answered';
      readonly httpStatus: number;
      readonly linqCode: number | null;
      readonly traceId: string | null;
      readonly hasEnvelope: boolean;
      readonly isJson: boolean;
      readonly retryAfterMs: number | null;
    }
  | { readonly kind: 'unanswered'; readonly mayHaveArrived: boolean; readonly cause: string };
