import { randomUUID } from 'node:crypto';
import { simpleParser } from 'mailparser';
import type { Clock, RawReply, RawRequest } from '../../src/core/channel.js';
import type {
  SimulatedMessage,
  SimulatorChannel,
  SimulatorContext,
  SimulatorFault,
  SimulatorKind,
  SimulatorPart,
} from '../../src/core/simulator.js';
import { isAddress, onOneLine, readMailbox } from './addresses.js';
import { emailSettings } from './settings.js';
import { absenceNote, bounce, citizenMail, type OutgoingMail } from './simulator/citizen-mails.js';
import { Deliveries } from './simulator/deliveries.js';
import { asShown, PlayedMailboxes, type PlayedMail } from './simulator/mailboxes.js';
import { PlayedMailServer, type TakenMail } from './simulator/provider.js';

const LEDGER_PATH = '/__ledger';
/** Between a mail and what it sets off: long enough to be seen, short enough for a test. */
const REACTION_MS = 150;
const ANSWER = /^\s*(?:re|bls|balas)\s*:\s*/i;

const faults: readonly SimulatorFault[] = [
  { id: 'greylist', label: 'Menunda penerimaan (451, greylisting)' },
  { id: 'unknown-user', label: 'Alamat tidak dikenal (550 5.1.1)' },
  { id: 'accepted-no-answer', label: 'Menerima, tetapi sambungan putus sebelum menjawab' },
  { id: 'duplicate', label: 'E-mail warga tiba dua kali' },
  { id: 'bounce', label: 'Menerima, lalu mengirim laporan gagal kirim (RFC 3464)' },
  { id: 'auto-reply', label: 'Kotak surat warga membalas otomatis (sedang cuti)' },
];

/** Mailboxes on the page, and the mail server between them and the gateway. */
export const emailSimulator: SimulatorKind = {
  demoEnvironment: (_simulatorUrl, _secret, port) => ({
    IMAP_URL: 'none',
    SMTP_LISTEN_URL: `smtp://127.0.0.1:${port('in')}`,
    SMTP_URL: `smtp://127.0.0.1:${port('out')}`,
    MAIL_FROM: 'Tabea <tabea@demo.example>',
  }),
  create: (context) => new EmailSimulator(context),
};

interface PlayedChannel {
  readonly channelId: string;
  readonly label: string;
  readonly address: string;
  readonly from: string;
  readonly receptionUrl: string;
  readonly smtpUrl: URL;
}

/** As SimulatorPart, with the exact count that fault tests need. */
export class EmailSimulator implements SimulatorPart {
  readonly faults = faults;
  readonly devices;
  readonly #channels: readonly PlayedChannel[];
  readonly #mailboxes = new PlayedMailboxes();
  readonly #deliveries: Deliveries;
  readonly #servers: ReadonlyMap<string, PlayedMailServer>;
  readonly #faults = new Map<string, number>();
  readonly #clock: Clock;

  constructor(context: SimulatorContext) {
    this.#clock = context.clock;
    this.#deliveries = new Deliveries(context.logger);
    this.#channels = context.channels.flatMap((channel) => playedChannel(channel) ?? []);
    this.devices = this.#channels.map(({ channelId, label, address }) => ({
      channelId,
      look: 'mailbox',
      title: label,
      address,
    }));
    // Channels may share a server; the recipient's mailbox shows the mail on the channel that wrote it.
    this.#servers = new Map(
      this.#channels.map(({ smtpUrl }) => [
        smtpUrl.host,
        new PlayedMailServer({
          takeFault: (id) => this.#takeFault(id),
          onMail: (mail) => this.#receive(mail, smtpUrl.host),
        }),
      ]),
    );
  }

  async start(): Promise<void> {
    for (const [host, server] of this.#servers) {
      const url = new URL(`smtp://${host}`);
      await server.listen(Number(url.port), url.hostname);
    }
  }

  handle(request: RawRequest): Promise<RawReply> {
    const found = request.method === 'GET' && request.target === LEDGER_PATH;
    const body = found ? this.#mailboxes.ledger() : { error: 'not found' };
    return Promise.resolve({
      status: found ? 200 : 404,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  /** Without a subject, or with that of an earlier mail behind `Re:`, it is an answer within that thread. */
  async write(input: {
    channelId: string;
    from: string;
    text: string;
    subject?: string;
  }): Promise<SimulatedMessage> {
    const channel = this.#channel(input.channelId);
    const from = citizenOf(input.from);
    const answers = this.#answered(channel.channelId, from, input.subject);
    const at = this.#clock.now();
    const subject = subjectOf(input.subject, answers);
    const to = answers?.replyTo || channel.address;
    const outgoing = await citizenMail({ from, to, subject, text: input.text, at, answers });
    const mail: PlayedMail = {
      id: randomUUID(),
      channelId: channel.channelId,
      citizen: from,
      direction: 'out',
      subject,
      text: input.text,
      at,
      messageId: outgoing.messageId,
      references: answers ? [...answers.references, answers.messageId] : [],
      replyTo: '',
      state: 'sending',
    };
    this.#mailboxes.add(mail);
    await Promise.all([
      this.#dispatch(channel, outgoing, mail),
      ...(this.#takeFault('duplicate') ? [this.#dispatch(channel, outgoing, mail)] : []),
    ]);
    return asShown(mail);
  }

  conversation(channelId: string, from: string): readonly SimulatedMessage[] {
    return this.#mailboxes.conversation(this.#channel(channelId).channelId, citizenOf(from));
  }

  /** Mails accepted for each citizen, exact since the start. */
  accepted(): ReadonlyMap<string, number> {
    return this.#mailboxes.accepted();
  }

  setFault(id: string, times: number): void {
    if (!faults.some((fault) => fault.id === id)) throw new Error(`there is no fault ${id}`);
    if (times > 0) this.#faults.set(id, times);
    else this.#faults.delete(id);
  }

  activeFaults(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#faults);
  }

  onChange(listener: (channelId: string, from: string) => void): () => void {
    return this.#mailboxes.onChange(listener);
  }

  async close(): Promise<void> {
    this.#deliveries.close();
    await Promise.all([...this.#servers.values()].map((server) => server.close()));
  }

  async #dispatch(channel: PlayedChannel, outgoing: OutgoingMail, mail: PlayedMail): Promise<void> {
    const end = (taken: boolean) => this.#mailboxes.setState(mail, taken ? 'sent' : 'failed');
    const first = await this.#deliveries.deliver(channel.receptionUrl, outgoing, end);
    if (first !== 'waits') end(first === 'taken');
  }

  async #receive(taken: TakenMail, host: string): Promise<void> {
    const parsed = await simpleParser(taken.raw, { skipImageLinks: true, skipTextLinks: true });
    const author = parsed.from?.value[0]?.address ?? '';
    const served = this.#channels.filter(({ smtpUrl }) => smtpUrl.host === host);
    const channel = served.find(({ from }) => from === author.toLowerCase()) ?? served[0];
    if (channel === undefined) throw new Error('nobody writes over this server');
    const mail: PlayedMail = {
      id: randomUUID(),
      channelId: channel.channelId,
      citizen: taken.recipient.toLowerCase(),
      direction: 'in',
      subject: parsed.subject ?? '',
      text: (parsed.text ?? '').trimEnd(),
      at: this.#clock.now(),
      messageId: (parsed.messageId ?? '').replace(/^<|>$/g, ''),
      references: [parsed.references ?? []].flat().map((id) => id.replace(/^<|>$/g, '')),
      replyTo: author,
      state: 'delivered',
    };
    this.#mailboxes.add(mail);
    void this.#react(channel, taken, mail);
  }

  /** What a mail sets off, some time after it was accepted. */
  async #react(channel: PlayedChannel, taken: TakenMail, mail: PlayedMail): Promise<void> {
    // A null sender is how a mail says that nobody wants to hear of its fate (RFC 5321, 4.5.5).
    const bounces = taken.envelopeFrom !== '' && this.#takeFault('bounce');
    const isAbsent = !bounces && this.#takeFault('auto-reply');
    if (!bounces && !isAbsent) return;
    if (!(await this.#deliveries.pause(REACTION_MS))) return;
    const at = this.#clock.now();
    if (bounces) {
      this.#mailboxes.setState(mail, 'undelivered');
      const head = taken.raw.toString('latin1').split('\r\n\r\n', 1)[0] ?? '';
      const report = bounce({ recipient: mail.citizen, returnPath: taken.envelopeFrom, head, at });
      await this.#deliveries.deliver(channel.receptionUrl, report, () => undefined);
      return;
    }
    const note = {
      from: mail.citizen,
      to: mail.replyTo,
      subject: `Balasan otomatis: ${mail.subject}`,
      text: 'Saya sedang cuti dan akan membaca e-mail Anda minggu depan.',
      at,
      answers: mail,
    };
    const outgoing = await absenceNote(note);
    const { subject, text } = note;
    const { messageId } = outgoing;
    const references = [...mail.references, mail.messageId];
    const sent: PlayedMail = {
      ...mail,
      id: randomUUID(),
      direction: 'out',
      subject,
      text,
      at,
      messageId,
      references,
      replyTo: '',
      state: 'sending',
    };
    this.#mailboxes.add(sent);
    await this.#dispatch(channel, outgoing, sent);
  }

  /** The mail that a new one answers. */
  #answered(channelId: string, citizen: string, subject: string | undefined): PlayedMail | undefined {
    const mails = this.#mailboxes.mails(channelId, citizen).toReversed();
    const line = onOneLine(subject ?? '');
    const received = mails.filter(({ direction }) => direction === 'in');
    if (line === '') return received[0];
    if (!ANSWER.test(line)) return undefined;
    return received.find((mail) => bare(mail.subject).toLowerCase() === bare(line).toLowerCase());
  }

  #takeFault(id: string): boolean {
    const left = this.#faults.get(id) ?? 0;
    if (left > 0) this.setFault(id, left - 1);
    return left > 0;
  }

  #channel(channelId: string): PlayedChannel {
    const channel = this.#channels.find((known) => known.channelId === channelId);
    if (!channel) throw new Error(`channel ${channelId} is not played`);
    return channel;
  }
}

function subjectOf(given: string | undefined, answers: PlayedMail | undefined): string {
  return onOneLine(given ?? '') || (answers ? `Re: ${bare(answers.subject)}` : '');
}

function bare(subject: string): string {
  return subject.replace(ANSWER, '').trim();
}

function citizenOf(from: string): string {
  const address = from.trim().toLowerCase();
  if (!isAddress(address)) throw new Error('a citizen writes from a mail address');
  return address;
}

/** Mailboxes that are read by IMAP or sent from by a real server are not played here. */
function playedChannel(channel: SimulatorChannel): PlayedChannel | undefined {
  const settings = emailSettings.safeParse(channel.settings);
  if (!settings.success || settings.data.reception.url === undefined) return undefined;
  if (settings.data.imapUrl.length > 0) return undefined;
  const from = readMailbox(settings.data.from)?.address.toLowerCase() ?? '';
  const smtpUrl = new URL(settings.data.smtpUrl);
  if (!/^(?:localhost|127(?:\.\d+){3})$/.test(smtpUrl.hostname) || smtpUrl.port === '') return undefined;
  const { channelId, label, address } = channel;
  return { channelId, label, address, from, receptionUrl: settings.data.reception.url, smtpUrl };
}
