/** The official SDK over our transport. */
import twilio, { type Twilio } from 'twilio';
import type {
  MessageInstance,
  MessageListInstanceCreateOptions,
} from 'twilio/lib/rest/api/v2010/account/message.js';
import type { TwilioSettings } from './settings.js';
import type { SdkRequest, SdkResponse, TwilioTransport } from './transport.js';

type Account = Pick<TwilioSettings, 'accountSid' | 'authToken'>;

export function sdkClient(account: Account, request: (request: SdkRequest) => Promise<SdkResponse>): Twilio {
  // Of the class that is its documented extension point the SDK calls this one method.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a subclass would set up axios each time
  const httpClient = { request } as unknown as NonNullable<Twilio['httpClient']>;
  return twilio(account.accountSid, account.authToken, { httpClient });
}

/**
 * Creates messages over one client that is kept: a new one for each message, with its API version and its
 * list of messages, is work that nobody needs. The SDK cannot be given a signal, but it calls its HTTP
 * client before `create` returns; so the signal lies ready for exactly that long.
 */
export class MessageSender {
  readonly #messages: Twilio['messages'];
  #signal: AbortSignal | undefined;

  constructor(account: Account, transport: TwilioTransport) {
    const client = sdkClient(account, async (request) => {
      // An SDK that comes later than that would send under a stranger's signal: rather not at all.
      if (this.#signal === undefined) throw new Error('The Twilio SDK has not sent at once');
      return await transport.request(request, this.#signal);
    });
    this.#messages = client.messages;
  }

  create(message: MessageListInstanceCreateOptions, signal: AbortSignal): Promise<MessageInstance> {
    this.#signal = signal;
    try {
      return this.#messages.create(message);
    } finally {
      this.#signal = undefined;
    }
  }
}
