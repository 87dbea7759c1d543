/** What one request becomes in the store: an envelope, its events, and what of it a person must look at. */

/** Why raw material is held. See the table `quarantine`. */
export type HeldKind = 'signature' | 'unparsable' | 'part' | 'poison' | 'spool';

/** Row of `envelope`. Ids are 16 bytes. */
export interface EnvelopeRow {
  readonly id: Uint8Array;
  /** True: stored in any case. False: only where an event of it is new. */
  readonly always: boolean;
  readonly channelId: string;
  /** Milliseconds since 1970, our clock. */
  readonly receivedAt: number;
  readonly method: string;
  readonly target: string;
  /** JSON. */
  readonly headers: string;
  /** Null where it lies in the blob store. */
  readonly body: Buffer | null;
  /** SHA-256 (hex) in the blob store. */
  readonly bodyBlob: string | null;
  /** JSON: [{reason}]; null where nothing was ignored. */
  readonly ignored: string | null;
}

/** Row of `inbox`. */
export interface EventRow {
  readonly id: Uint8Array;
  readonly channelId: string;
  readonly eventKey: string;
  readonly contactKey: Buffer | null;
  readonly envelopeId: Uint8Array;
  /** JSON of the InboundEvent, fit for jsonb. */
  readonly payload: string;
  readonly receivedAt: number;
}

/** Row of `quarantine`. */
export interface HeldRow {
  readonly id: Uint8Array;
  readonly channelId: string;
  readonly kind: HeldKind;
  readonly reason: string;
  readonly receivedAt: number;
  readonly method: string;
  readonly target: string;
  readonly headers: string;
  readonly body: Buffer;
  /** Bytes of body, headers and target together. */
  readonly size: number;
}

/** What is stored together, in one transaction, and answered together. */
export interface Entry {
  readonly envelope: EnvelopeRow | null;
  readonly events: readonly EventRow[];
  readonly held: readonly HeldRow[];
  /** Roughly what it weighs, for the bounds of a batch. */
  readonly bytes: number;
}

/** Where an entry went, and how many of its events had not been there before (0 where it is spooled: not known yet). */
export interface Stored {
  readonly stored: 'database' | 'spool';
  readonly fresh: number;
}
