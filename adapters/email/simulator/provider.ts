/** The mail server of the played citizens: takes what the gateway sends, with the faults that it is told to have. */
import { SMTPServer } from 'smtp-server';

/** Larger than any reply may be. */
const MAX_BYTES = 60 * 1024 * 1024;

export interface TakenMail {
  readonly raw: Buffer;
  /** '' for the null sender. */
  readonly envelopeFrom: string;
  readonly recipient: string;
}

export interface ProviderOptions {
  readonly takeFault: (id: string) => boolean;
  /** Resolves when the mail is in the mailbox. */
  readonly onMail: (mail: TakenMail) => Promise<void>;
}

export class PlayedMailServer {
  readonly #server: SMTPServer;

  constructor({ takeFault, onMail }: ProviderOptions) {
    const server = new SMTPServer({
      banner: 'Simulator',
      disabledCommands: ['STARTTLS'],
      // Whoever logs in is let in: the demo has one client.
      authOptional: true,
      allowInsecureAuth: true,
      onAuth: (_auth, _session, done) => done(null, { user: 'gateway' }),
      hideENHANCEDSTATUSCODES: true,
      disableReverseLookup: true,
      size: MAX_BYTES,
      closeTimeout: 500,
      logger: false,
      onRcptTo(_address, _session, done) {
        if (takeFault('greylist')) done(reply(451, '4.7.1 Greylisted, please try again later'));
        else if (takeFault('unknown-user')) done(reply(550, '5.1.1 The mailbox does not exist'));
        else done();
      },
      onData(stream, session, done) {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const { mailFrom, rcptTo } = session.envelope;
          const raw = Buffer.concat(chunks);
          const envelopeFrom = mailFrom === false ? '' : mailFrom.address;
          void (async () => {
            let failure: Error | null = null;
            try {
              for (const { address } of rcptTo) await onMail({ raw, envelopeFrom, recipient: address });
            } catch {
              failure = reply(451, '4.3.0 Try again later');
            }
            if (failure === null && takeFault('accepted-no-answer')) cut(session.id);
            else done(failure, '2.0.0 Accepted');
          })();
        });
      },
    });
    // Clients that break off come here too.
    server.on('error', () => undefined);
    const cut = (id: string) => {
      for (const connection of server.connections) if (connection.session.id === id) connection.close();
    };
    this.#server = server;
  }

  /** Resolves when it listens. */
  async listen(port: number, host: string): Promise<void> {
    const { server } = this.#server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      this.#server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

function reply(responseCode: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode });
}
