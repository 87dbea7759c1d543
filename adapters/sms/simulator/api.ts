/** Twilio's REST interface, as far as the adapter uses it. https://www.twilio.com/docs/messaging/api */
import { timingSafeEqual } from 'node:crypto';
import type { RawReply, RawRequest } from '../../../src/core/channel.js';
import { isAlphanumericSender } from '../../../src/core/phone.js';
import type { PlayedMessage, PlayedMessages } from './messages.js';

const VERSION = '2010-04-01';
const ACCOUNT_PATH =
  /^\/twilio\/2010-04-01\/Accounts\/([^/]+?)(\.json|\/Messages\.json|\/Messages\/([^/]+)\.json)$/;
const LEDGER_PATH = '/twilio/__ledger';
const MAX_CHARACTERS = 1_600;
/** E.164: https://www.twilio.com/docs/glossary/what-e164 */
const E164 = /^\+[1-9]\d{6,14}$/;

export interface PlayedLine {
  readonly channelId: string;
  readonly address: string;
  readonly accountSid: string;
  readonly authToken: string;
}

export interface AcceptedMessage {
  readonly message: PlayedMessage;
  readonly line: PlayedLine;
  readonly statusCallback: string | undefined;
}

/** The provider's answers without its faults. Calls `onAccepted` for each message that it takes. */
export class TwilioApi {
  readonly #lines: readonly PlayedLine[];
  readonly #messages: PlayedMessages;
  readonly #onAccepted: (accepted: AcceptedMessage) => void;

  constructor(
    lines: readonly PlayedLine[],
    messages: PlayedMessages,
    onAccepted: (accepted: AcceptedMessage) => void,
  ) {
    this.#lines = lines;
    this.#messages = messages;
    this.#onAccepted = onAccepted;
  }

  handle(request: RawRequest): RawReply {
    const [path = '', query = ''] = request.target.split('?', 2);
    if (path === LEDGER_PATH) return this.#ledger();
    const [, accountSid = '', resource = '', sid = ''] = ACCOUNT_PATH.exec(path) ?? [];
    if (!accountSid) return problem(404, 20404, `The requested resource ${path} was not found`);
    if (!this.#isAuthenticated(request, accountSid)) return problem(401, 20003, 'Authenticate');
    if (resource === '.json') return json(200, account(accountSid));
    if (sid) return this.#show(accountSid, sid);
    if (request.method === 'POST')
      return this.#create(accountSid, new URLSearchParams(request.body.toString()));
    return this.#list(accountSid, path, new URLSearchParams(query));
  }

  #isAuthenticated(request: RawRequest, accountSid: string): boolean {
    const given = Buffer.from(String(request.headers['authorization'] ?? ''));
    return this.#lines.some((line) => {
      const credentials = Buffer.from(`${line.accountSid}:${line.authToken}`).toString('base64');
      const expected = Buffer.from(`Basic ${credentials}`);
      return (
        line.accountSid === accountSid && given.length === expected.length && timingSafeEqual(given, expected)
      );
    });
  }

  #create(accountSid: string, form: URLSearchParams): RawReply {
    const [to, from, body] = [form.get('To') ?? '', form.get('From') ?? '', form.get('Body') ?? ''];
    const line = this.#lines.find((known) => known.address === from && known.accountSid === accountSid);
    if (!to) return problem(400, 21604, "A 'To' phone number is required.");
    if (!line) return problem(400, 21606, "The 'From' phone number is not a valid number of the account.");
    if (!body) return problem(400, 21602, 'Message body is required.');
    if (body.length > MAX_CHARACTERS) {
      return problem(400, 21617, 'The concatenated message body exceeds the 1600 character limit.');
    }
    if (isAlphanumericSender(to)) return problem(400, 21614, "'To' number is not a valid mobile number");
    if (!E164.test(to)) return problem(400, 21211, "Invalid 'To' Phone Number");
    if (this.#messages.isOptedOut(from, to)) {
      return problem(400, 21610, 'Attempt to send to unsubscribed recipient');
    }
    const message = this.#messages.add({
      accountSid,
      direction: 'outbound-api',
      from,
      to,
      body,
      status: 'queued',
    });
    // As it is now: what happens to it later is told by callbacks.
    const reply = json(201, asJson(message));
    this.#onAccepted({ message, line, statusCallback: form.get('StatusCallback') ?? undefined });
    return reply;
  }

  #show(accountSid: string, sid: string): RawReply {
    const message = this.#messages.get(sid);
    return message?.accountSid === accountSid
      ? json(200, asJson(message))
      : problem(404, 20404, 'The requested resource was not found');
  }

  #list(accountSid: string, path: string, query: URLSearchParams): RawReply {
    const matching = this.#messages
      .all()
      .filter((one) => one.accountSid === accountSid && matches(one, query));
    const pageSize = Math.min(Math.max(Number(query.get('PageSize') ?? 50), 1), 1000);
    const page = Math.max(Number(query.get('Page') ?? 0), 0);
    const start = page * pageSize;
    // Addresses in a page do not know where the API is mounted.
    const uri = (number: number) => {
      const other = new URLSearchParams(query);
      other.set('PageSize', String(pageSize));
      other.set('Page', String(number));
      return `${path.replace('/twilio', '')}?${other.toString()}`;
    };
    return json(200, {
      messages: matching.slice(start, start + pageSize).map((message) => asJson(message)),
      first_page_uri: uri(0),
      next_page_uri: start + pageSize < matching.length ? uri(page + 1) : null,
      previous_page_uri: page > 0 ? uri(page - 1) : null,
      uri: uri(page),
      page,
      page_size: pageSize,
      start,
      end: Math.min(start + pageSize, matching.length) - 1,
    });
  }

  /** Everything accepted for citizens, oldest first: the count that fault tests compare with the store. */
  #ledger(): RawReply {
    const accepted = this.#messages.all().filter(({ direction }) => direction === 'outbound-api');
    return json(
      200,
      accepted.toReversed().map(({ to, body, sid }) => ({ to, body, sid })),
    );
  }
}

function matches(message: PlayedMessage, query: URLSearchParams): boolean {
  const [to, from] = [query.get('To'), query.get('From')];
  const [on, after, before] = ['DateSent', 'DateSent>', 'DateSent<'].map((name) => query.get(name));
  const at = message.createdAt.getTime();
  return (
    (!to || message.to === to) &&
    (!from || message.from === from) &&
    (!on || message.createdAt.toISOString().slice(0, 10) === on.slice(0, 10)) &&
    (!after || at >= Date.parse(after)) &&
    (!before || at <= Date.parse(before))
  );
}

/** https://www.twilio.com/docs/messaging/api/message-resource#message-properties */
function asJson(message: PlayedMessage): object {
  const uri = `/${VERSION}/Accounts/${message.accountSid}/Messages/${message.sid}`;
  const date = message.createdAt.toUTCString().replace('GMT', '+0000');
  return {
    account_sid: message.accountSid,
    api_version: VERSION,
    body: message.body,
    date_created: date,
    date_sent: message.status === 'queued' ? null : date,
    date_updated: date,
    direction: message.direction,
    error_code: null,
    error_message: null,
    from: message.from,
    messaging_service_sid: null,
    num_media: '0',
    num_segments: String(message.segments),
    price: null,
    price_unit: 'IDR',
    sid: message.sid,
    status: message.status,
    subresource_uris: { media: `${uri}/Media.json` },
    to: message.to,
    uri: `${uri}.json`,
  };
}

function account(sid: string): object {
  const uri = `/${VERSION}/Accounts/${sid}.json`;
  return { sid, friendly_name: 'Simulator', status: 'active', type: 'Full', uri };
}

export function json(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): RawReply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

/** https://www.twilio.com/docs/usage/twilios-response#response-formats-exceptions */
export function problem(
  status: number,
  code: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): RawReply {
  return json(
    status,
    { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status },
    headers,
  );
}
