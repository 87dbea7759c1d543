/** The whole gateway for tests: its environment, a citizen who writes, an operator who answers. */
import { randomBytes } from 'node:crypto';
import { stringify } from 'node:querystring';
import { setTimeout as sleep } from 'node:timers/promises';
import twilio from 'twilio';
import { z } from 'zod';
import { startGateway, type Gateway } from '../../src/main.js';
import { settle, type Settings } from '../../src/compose/settings.js';
import { createLogger } from '../../src/ops/log.js';
import { newFolder } from './run-folder.js';

export const API_KEY = 'test-key-0123456789';
/** The line on which the tests' citizens write. */
export const LINE = { channelId: 'sms-08114706999', address: '+628114706999' } as const;

/** A demo on any free port, with its own data folder. */
export function demoEnvironment(databaseUrl: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return {
    TABEA_DEMO: '1',
    DATABASE_URL: databaseUrl,
    PORT: '0',
    TABEA_DATA_DIR: newFolder('data'),
    TABEA_CHANNELS: 'sms-1708,sms-08114706999,call-center',
    TABEA_BOOTSTRAP_API_KEY: API_KEY,
    LOG_LEVEL: 'silent',
    ...more,
  };
}

export interface WholeGateway {
  readonly url: string;
  readonly gateway: Gateway;
  readonly citizen: Citizen;
  readonly operator: Operator;
}

/** Everything in this process, the played provider too. */
export async function startWholeGateway(environment: NodeJS.ProcessEnv): Promise<WholeGateway> {
  const settings = await settle(environment);
  const gateway = await startGateway(settings, createLogger({ level: settings.env.logLevel }));
  const url = gateway.url ?? '';
  return { url, gateway, citizen: citizenAt(url, secretsOf(settings)), operator: operatorAt(url) };
}

export interface ProviderSecrets {
  readonly accountSid: string;
  readonly authToken: string;
}

function secretsOf({ env }: Settings): ProviderSecrets {
  const { TWILIO_ACCOUNT_SID: accountSid = '', TWILIO_AUTH_TOKEN: authToken = '' } = env.variables;
  return { accountSid, authToken };
}

export interface WrittenSms {
  readonly sid: string;
  readonly from: string;
  readonly text: string;
}

export interface Citizen {
  /** Posts what the provider would post; resolves with the status. `token`: signed with another. */
  send(message: WrittenSms, token?: string): Promise<number>;
}

export function citizenAt(url: string, { accountSid, authToken }: ProviderSecrets): Citizen {
  const address = `${url}/webhooks/${LINE.channelId}`;
  return {
    async send({ sid, from, text }, token = authToken) {
      const form = {
        MessageSid: sid,
        AccountSid: accountSid,
        From: from,
        To: LINE.address,
        Body: text,
        NumMedia: '0',
      };
      const response = await fetch(address, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'x-twilio-signature': twilio.getExpectedTwilioSignature(token, address, form),
        },
        body: stringify(form),
      });
      await response.text();
      return response.status;
    },
  };
}

export function newSid(): string {
  return `SM${randomBytes(16).toString('hex')}`;
}

const caseView = z.object({ trackingNumber: z.string(), status: z.string(), text: z.string() });
const caseList = z.object({ items: z.array(caseView) });
export type CaseInApi = z.infer<typeof caseView>;

export interface Operator {
  cases(): Promise<readonly CaseInApi[]>;
  /** Throws unless it is answered with 200. */
  move(trackingNumber: string, action: string, fields?: Readonly<Record<string, string>>): Promise<CaseInApi>;
}

export function operatorAt(url: string): Operator {
  const ask = async (path: string, init: RequestInit = {}): Promise<unknown> => {
    const response = await fetch(`${url}/api/v1${path}`, {
      ...init,
      headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
    });
    if (response.status !== 200)
      throw new Error(`${path} was answered with ${response.status}: ${await response.text()}`);
    return response.json();
  };
  return {
    cases: async () => caseList.parse(await ask('/cases?limit=100')).items,
    move: async (trackingNumber, action, fields = {}) =>
      caseView.parse(
        await ask(`/cases/${trackingNumber}/actions/${action}`, {
          method: 'POST',
          body: JSON.stringify(fields),
        }),
      ),
  };
}

const ledgerShape = z.array(z.object({ to: z.string(), body: z.string(), sid: z.string() }));
export type Ledger = z.infer<typeof ledgerShape>;

/** All that the played provider accepted for citizens, oldest first. `api`: its address. */
export async function readLedger(api: string): Promise<Ledger> {
  return ledgerShape.parse(await (await fetch(`${api}/twilio/__ledger`)).json());
}

/** Asks until the answer is good; throws with the last answer where that takes too long. */
export async function until<T>(
  ask: () => Promise<T> | T,
  isGood: (answer: T) => boolean,
  withinMs = 15_000,
): Promise<T> {
  for (const end = Date.now() + withinMs; ; await sleep(50)) {
    const answer = await ask();
    if (isGood(answer)) return answer;
    if (Date.now() > end)
      throw new Error(`Not so within ${withinMs} ms: ${JSON.stringify(answer)?.slice(0, 500)}`);
  }
}
