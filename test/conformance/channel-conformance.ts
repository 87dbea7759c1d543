/** What every channel must hold, whatever its provider. Run over every registered kind. */
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { ChannelError } from '../../src/core/channel-error.js';
import {
  SignatureError,
  UnparsableError,
  type PullReceiver,
  type RawRequest,
  type SendAttempt,
  type WebhookReceiver,
} from '../../src/core/channel.js';
import type { ChannelKind } from '../../src/core/channel-kind.js';
import type { InboundMessage } from '../../src/core/message.js';
import { channelId, setUp, type Bench } from './bench.js';
import type { ChannelSample } from './sample.js';

const TEXT = 'Jum’at: lampu di Jl. Pattimura padam & berbahaya 😀 100%';

const signal = () => new AbortController().signal;

async function rejectionOf(promise: Promise<unknown> | undefined): Promise<unknown> {
  return Promise.resolve(promise).then(
    () => 'resolved',
    (reason: unknown) => reason,
  );
}

/** Registers the suite. What an adapter does not have is not tested; that is seen once, beforehand. */
export async function describeChannel(kind: ChannelKind, sample: ChannelSample): Promise<void> {
  const first = await setUp(kind, sample);
  const { webhook, statusWebhook, send, reconcile, list, pull } = first.adapter;
  await first.close();

  describe(`channel kind ${kind.kind}`, () => {
    let bench: Bench;
    beforeEach(async () => {
      bench = await setUp(kind, sample);
    });
    afterEach(async () => {
      await bench.close();
    });

    test('is named as it is registered', () => {
      expect(bench.adapter.kind).toBe(kind.kind);
      expect(kind.kind).toMatch(/^[a-z][a-z0-9-]*$/);
    });

    describe('measure', () => {
      test('nothing costs nothing', () => {
        expect(bench.adapter.measure('')).toMatchObject({ segments: 0, used: 0, costIdr: 0, fits: true });
      });

      test('more text never costs less, and all numbers are whole', () => {
        fc.assert(
          fc.property(
            fc.string({ unit: 'binary', maxLength: 500 }),
            fc.string({ minLength: 1 }),
            (text, more) => {
              const [short, long] = [bench.adapter.measure(text), bench.adapter.measure(text + more)];
              expect(long.segments).toBeGreaterThanOrEqual(Math.max(short.segments, 1));
              expect(long.costIdr).toBeGreaterThanOrEqual(short.costIdr);
              for (const number of [long.segments, long.used, long.left, long.costIdr]) {
                expect(Number.isSafeInteger(number) && number >= 0).toBe(true);
              }
            },
          ),
        );
      });
    });

    test('whom a reply may not reach is told with a reason', () => {
      for (const optedOut of [true, false]) {
        const target = { address: sample.citizen.address, optedOut, confidentiality: 'public' } as const;
        const permission = bench.adapter.canReply?.(target, new Date()) ?? { allowed: true };
        expect(permission.allowed || permission.reason.length > 10).toBe(true);
      }
    });

    if (webhook) {
      describe('receiving', () => describeReceiving(() => bench, sample, list !== undefined));
    }
    if (pull && kind.simulator) {
      describe('pulling', () => describePulling(() => bench, sample));
    }
    if (send) {
      const parts = { reports: statusWebhook !== undefined, reconciles: reconcile !== undefined };
      describe('sending', () => describeSending(() => bench, parts));
    }
    if (kind.simulator) {
      test('is well', async () => {
        expect((await bench.adapter.probe?.(signal()))?.state ?? 'ok').toBe('ok');
      });
    } else {
      test('without a provider nothing comes or goes by itself', () => {
        expect([webhook, statusWebhook, pull, send, reconcile, list]).toEqual(Array(6).fill(undefined));
      });
    }
  });
}

function describeReceiving(bench: () => Bench, sample: ChannelSample, lists: boolean): void {
  function webhook(): WebhookReceiver {
    const receiver = bench().adapter.webhook;
    if (!receiver) throw new Error('the webhook is gone');
    return receiver;
  }

  /** The request by which the provider delivers what a citizen wrote. */
  async function received(): Promise<RawRequest> {
    await bench().write(TEXT);
    const [request] = await bench().webhooks(1);
    if (!request) throw new Error('nothing came');
    return request;
  }

  function messagesIn(request: RawRequest): InboundMessage[] {
    const { events } = webhook().parse(request);
    return events.filter((event) => event.type === 'message');
  }

  test('what a citizen writes passes, and becomes one message', async () => {
    const request = await received();
    webhook().verify(request);
    const messages = messagesIn(request);
    expect(messages).toMatchObject([
      { channelId, text: TEXT, from: sample.citizen.address, automated: false },
    ]);
    expect(messages[0]?.externalId).not.toBe('');
    expect(messages[0]?.receivedAt).toBe(request.receivedAt.toISOString());
  });

  test('parsing changes nothing and always gives the same', async () => {
    const request = await received();
    const before = Buffer.from(request.body);
    const once = webhook().parse(request);
    expect(webhook().parse(request)).toEqual(once);
    expect(webhook().parse({ ...request, body: Buffer.from(before) })).toEqual(once);
    expect(request.body).toEqual(before);
  });

  test('unsigned, or with one byte changed, it is refused', async () => {
    const request = await received();
    const { 'content-type': contentType } = request.headers;
    expect(() => webhook().verify({ ...request, headers: { 'content-type': contentType } })).toThrow(
      SignatureError,
    );
    for (const at of [0, Math.floor(request.body.length / 2), request.body.length - 1]) {
      const body = Buffer.from(request.body);
      body[at] = body[at] === 0x61 ? 0x62 : 0x61;
      expect(() => webhook().verify({ ...request, body })).toThrow(SignatureError);
    }
    webhook().verify(request);
  });

  const { duplicateFault } = sample;
  const ifItRepeats = duplicateFault === undefined ? undefined : test;
  ifItRepeats?.('delivered twice, it has one id', async () => {
    bench().simulator?.setFault(duplicateFault ?? '', 1);
    await bench().write(TEXT);
    const requests = await bench().webhooks(2);
    const ids = requests.flatMap((request) => messagesIn(request)).map(({ externalId }) => externalId);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });

  test('rubbish is refused in the two ways that the gateway knows, and in no other', async () => {
    const request = await received();
    const receivers = [webhook(), bench().adapter.statusWebhook].filter((one) => one !== undefined);
    const rubbish = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.json().map((text) => Buffer.from(text)),
      fc.string().map((text) => Buffer.from(text)),
    );
    const headers = fc.oneof(
      fc.constant(request.headers),
      fc
        .constantFrom(...Object.keys(request.headers))
        .chain((name) => fc.string().map((value) => ({ ...request.headers, [name]: value }))),
    );
    fc.assert(
      fc.property(rubbish, headers, fc.constantFrom(...receivers), (bytes, given, receiver) => {
        const bad: RawRequest = { ...request, headers: given, body: Buffer.from(bytes) };
        try {
          receiver.verify(bad);
        } catch (error) {
          if (!(error instanceof SignatureError)) return false;
        }
        try {
          const { events, ignored, rejected } = receiver.parse(bad);
          return [...ignored, ...rejected].every((left) => left.reason !== '') && Array.isArray(events);
        } catch (error) {
          return error instanceof UnparsableError;
        }
      }),
      { numRuns: 300 },
    );
  });

  const ifItLists = lists ? test : undefined;
  ifItLists?.('the list has it under the same id', async () => {
    const since = new Date(Date.now() - 5_000);
    const request = await received();
    const listed: InboundMessage[] = [];
    const until = new Date(Date.now() + 5_000);
    for await (const message of bench().adapter.list?.(since, until) ?? []) listed.push(message);
    const [parsed] = messagesIn(request);
    expect(listed).toMatchObject([
      { channelId, externalId: parsed?.externalId, text: parsed?.text, from: parsed?.from },
    ]);
  });
}

function describePulling(bench: () => Bench, sample: ChannelSample): void {
  function pull(): PullReceiver {
    const receiver = bench().adapter.pull;
    if (!receiver) throw new Error('there is nothing to pull');
    return receiver;
  }

  test('sources have names of their own that tell nothing', () => {
    const names = pull().sources.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) {
      for (const secret of bench().secrets) expect(name).not.toContain(secret);
      expect(name).not.toContain(sample.citizen.address.value);
    }
  });

  test('what a citizen writes is handed over as one message', async () => {
    await bench().write(TEXT);
    const [item, ...others] = await bench().pulled(1);
    expect(others).toEqual([]);
    expect(item?.request).toMatchObject({ method: 'PULL' });
    expect(item?.request.target).not.toContain(sample.citizen.address.value);
    expect(item?.parsed.events).toMatchObject([
      { type: 'message', channelId, text: TEXT, from: sample.citizen.address, automated: false },
    ]);
    expect(item?.parsed.rejected).toEqual([]);
  });

  test('read again for replay, it says the same', async () => {
    await bench().write(TEXT);
    const [item] = await bench().pulled(1);
    if (!item) throw new Error('nothing came');
    const before = Buffer.from(item.request.body);
    const putBlob = (bytes: Buffer) => bench().putBlob(bytes);
    expect(await pull().parse(item.request, putBlob)).toEqual(item.parsed);
    expect(item.request.body).toEqual(before);
  });

  const ifItRepeats = sample.duplicateFault === undefined ? undefined : test;
  ifItRepeats?.('delivered twice, it has one id', async () => {
    bench().simulator?.setFault(sample.duplicateFault ?? '', 1);
    await bench().write(TEXT);
    const events = (await bench().pulled(2)).flatMap(({ parsed }) => parsed.events);
    expect(events).toHaveLength(2);
    expect(new Set(events.map((event) => event.type === 'message' && event.externalId)).size).toBe(1);
  });

  test('rubbish is refused in the one way that replay knows', async () => {
    await bench().write(TEXT);
    const [item] = await bench().pulled(1);
    if (!item) throw new Error('nothing came');
    const rubbish = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.string().map((text) => Buffer.from(text)),
    );
    await fc.assert(
      fc.asyncProperty(rubbish, async (bytes) => {
        const bad: RawRequest = { ...item.request, body: Buffer.from(bytes) };
        const end = await pull()
          .parse(bad, (given) => bench().putBlob(given))
          .catch((error: unknown) => error);
        if (end instanceof Error) return end instanceof UnparsableError;
        return true;
      }),
      { numRuns: 100 },
    );
  });

  test('where nothing can be stored, no source goes on as if it had been', async () => {
    const ended = bench().loseStore();
    await bench().write(TEXT);
    expect((await ended).some(({ status }) => status === 'rejected')).toBe(true);
    expect(await bench().pulled(0)).toEqual([]);
  });
}

function describeSending(bench: () => Bench, has: { reports: boolean; reconciles: boolean }): void {
  const send = (given = signal()) => bench().adapter.send?.(bench().outbound(), given);
  const reconcile = (what: SendAttempt) => bench().adapter.reconcile?.(what, signal());

  const attempt = (ageMs: number, claimed: readonly string[] = []): SendAttempt => {
    const now = new Date();
    return {
      message: bench().outbound(),
      startedAt: new Date(now.getTime() - ageMs),
      now,
      isClaimed: (id) => Promise.resolve(claimed.includes(id)),
    };
  };

  test('a reply gets an id', async () => {
    expect((await send())?.externalId).toMatch(/./);
  });

  const ifItReports = has.reports ? test : undefined;
  ifItReports?.('what becomes of a reply is reported with its id, and only when signed', async () => {
    const sent = await send();
    const receiver = bench().adapter.statusWebhook;
    const reports = await bench().webhooks(3, true);
    const events = reports.flatMap((report) => {
      receiver?.verify(report);
      expect(() => receiver?.verify({ ...report, headers: {} })).toThrow(SignatureError);
      return receiver?.parse(report).events ?? [];
    });
    expect(events.length).toBeGreaterThan(0);
    for (const event of events) {
      expect(event).toMatchObject({ type: 'delivery', channelId, externalId: sent?.externalId });
    }
  });

  test('whatever fault the provider has, sending ends in a result or a ChannelError', async () => {
    for (const { id } of bench().simulator?.faults ?? []) {
      bench().simulator?.setFault(id, 1);
      const end = await rejectionOf(send(AbortSignal.timeout(1_500)));
      expect(end === 'resolved' || end instanceof ChannelError).toBe(true);
      bench().simulator?.setFault(id, 0);
    }
  });

  test('with the provider away nothing is sent, and that is certain', async () => {
    await bench().provider.close();
    const error = await rejectionOf(send());
    expect(error).toBeInstanceOf(ChannelError);
    expect(error).toMatchObject({ code: 'connection', retry: 'backoff', certainty: 'not_sent' });
  });

  test('given up before it began, nothing is sent', async () => {
    const error = await rejectionOf(send(AbortSignal.abort()));
    expect(error).toBeInstanceOf(ChannelError);
    expect(error).toMatchObject({ certainty: 'not_sent' });
  });

  const ifItReconciles = has.reconciles ? test : undefined;
  ifItReconciles?.('reconciling finds what was sent, and nothing that another reply owns', async () => {
    const externalId = (await send())?.externalId ?? '';
    expect(await reconcile(attempt(1_000))).toEqual({ state: 'sent', externalId });
    expect(await reconcile(attempt(1_000, [externalId]))).not.toMatchObject({ state: 'sent' });
    await send();
    expect(await reconcile(attempt(1_000))).toMatchObject({ state: 'unknown' });
  });

  ifItReconciles?.('reconciling believes in an absence only after a minute', async () => {
    expect(await reconcile(attempt(59_000))).toMatchObject({ state: 'unknown' });
    expect(['not_sent', 'unknown']).toContain((await reconcile(attempt(60_000)))?.state);
  });

  test('neither log nor error tells text, address or secret', async () => {
    await bench().write(TEXT);
    const ends: unknown[] = [];
    for (const { id } of bench().simulator?.faults ?? []) {
      bench().simulator?.setFault(id, 1);
      ends.push(await rejectionOf(send(AbortSignal.timeout(500))));
    }
    const told = bench().logged() + inspect(ends, { depth: 10 });
    const { to, text } = bench().outbound();
    for (const secret of [TEXT, text, to.value, ...bench().secrets]) expect(told).not.toContain(secret);
  });
}
