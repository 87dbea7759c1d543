/** The one error of the channel contract. It carries the verdict on retrying; nobody else decides it. */

export type ChannelErrorCode =
  /** Our configuration is wrong: a person must act. */
  | 'config'
  /** The provider was not reached, or did not answer. */
  | 'connection'
  /** The provider asks for patience. */
  | 'throttled'
  /** The provider refuses this message; for good, unless `retry` says otherwise. Others may pass. */
  | 'rejected'
  /** The platform's rules forbid it now (window closed, not summoned). */
  | 'not_permitted'
  /** The recipient has said STOP. */
  | 'opted_out'
  /** The provider answered something that we do not understand. */
  | 'bad_response';

export type RetryVerdict = 'never' | 'backoff' | { readonly afterMs: number };

/**
 * What is certain about the message after the error.
 * `not_sent`: the provider certainly has not taken it. `unknown`: it may have; only reconciling may tell.
 */
export type Certainty = 'not_sent' | 'unknown';

export interface ChannelErrorOptions {
  readonly retry: RetryVerdict;
  /** Default `not_sent`. */
  readonly certainty?: Certainty;
  /** The provider's own code (`21610`, `429`), for people and metrics. Never text or addresses. */
  readonly providerCode?: string;
  readonly cause?: unknown;
}

/** Thrown by adapters. The message is for operators and logs: no citizen's text, no address, no secret. */
export class ChannelError extends Error {
  override readonly name = 'ChannelError';
  readonly code: ChannelErrorCode;
  readonly retry: RetryVerdict;
  readonly certainty: Certainty;
  readonly providerCode: string | undefined;

  constructor(code: ChannelErrorCode, message: string, options: ChannelErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retry = options.retry;
    this.certainty = options.certainty ?? 'not_sent';
    this.providerCode = options.providerCode;
  }
}
