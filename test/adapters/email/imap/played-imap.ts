/** An IMAP server in miniature, for what Dovecot does not do: XOAUTH2, Gmail's ids, refusals on demand. */
import { createServer, type Socket } from 'node:net';

export interface PlayedMail {
  readonly uid: number;
  readonly gmailId?: string;
  readonly raw: string;
}

export interface PlayedImap {
  readonly port: number;
  /** Each token that somebody logged in with, or tried to. */
  readonly tokens: string[];
  /** How often each UID was fetched. */
  readonly fetches: Map<number, number>;
  readonly mails: PlayedMail[];
  /** Attempts to log in, by whatever means. */
  logins(): number;
  close(): Promise<void>;
}

export interface PlayedImapOptions {
  /** Tokens that it takes. */
  readonly valid?: (token: string) => boolean;
  /** Answers a login with this tagged answer instead, e.g. `NO [UNAVAILABLE] …`. */
  readonly refuseLogin?: string;
  /** UIDs whose FETCH is refused, or breaks the connection. */
  readonly refused?: readonly number[];
  readonly poison?: readonly number[];
}

const CAPABILITIES = 'IMAP4rev1 SASL-IR AUTH=XOAUTH2 X-GM-EXT-1 UIDPLUS';

export async function startPlayedImap(options: PlayedImapOptions = {}): Promise<PlayedImap> {
  const sockets = new Set<Socket>();
  const played = {
    tokens: [] as string[],
    fetches: new Map<number, number>(),
    mails: [] as PlayedMail[],
    attempts: 0,
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    socket.write(`* OK [CAPABILITY ${CAPABILITIES}] ready\r\n`);
    let rest = '';
    socket.on('data', (bytes: Buffer) => {
      const lines = (rest + bytes.toString('latin1')).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) answer(socket, line, played, options);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    tokens: played.tokens,
    fetches: played.fetches,
    mails: played.mails,
    logins: () => played.attempts,
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

type State = Pick<PlayedImap, 'tokens' | 'fetches' | 'mails'> & { attempts: number };

function answer(socket: Socket, line: string, state: State, options: PlayedImapOptions): void {
  const [tag = '', ...words] = line.split(' ');
  const say = (text: string) => void socket.write(`${text}\r\n`, 'latin1');
  const ok = () => say(`${tag} OK done`);
  const command = (words[0] === 'UID' ? `UID ${words[1]}` : (words[0] ?? '')).toUpperCase();
  switch (command) {
    case '':
      // The client gives in after the refusal of its token.
      return say(`A OK`);
    case 'CAPABILITY':
      say(`* CAPABILITY ${CAPABILITIES}`);
      return ok();
    case 'LOGIN':
      state.attempts += 1;
      return options.refuseLogin === undefined ? ok() : say(`${tag} ${options.refuseLogin}`);
    case 'AUTHENTICATE': {
      state.attempts += 1;
      const token = /auth=Bearer ([\w-]+)/.exec(Buffer.from(words[2] ?? '', 'base64').toString())?.[1] ?? '';
      state.tokens.push(token);
      if (options.valid?.(token) ?? true) return ok();
      return say(`${tag} NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)`);
    }
    case 'LIST':
      say('* LIST () "/" "INBOX"');
      return ok();
    case 'SELECT':
    case 'EXAMINE':
      say(`* ${state.mails.length} EXISTS`);
      say('* OK [UIDVALIDITY 7] ok');
      say(`* OK [UIDNEXT ${(state.mails.at(-1)?.uid ?? 0) + 1}] ok`);
      return say(`${tag} OK [READ-ONLY] done`);
    case 'UID SEARCH': {
      const set = /UID (\S+)/i.exec(words.slice(2).join(' '))?.[1] ?? '1:*';
      const found = inSet(state, set).map(({ uid }) => uid);
      say(`* SEARCH${found.map((uid) => ` ${uid}`).join('')}`);
      return ok();
    }
    case 'UID FETCH': {
      for (const mail of inSet(state, words[2] ?? '')) {
        state.fetches.set(mail.uid, (state.fetches.get(mail.uid) ?? 0) + 1);
        if (options.poison?.includes(mail.uid) === true) return void socket.destroy();
        if (options.refused?.includes(mail.uid) === true) return say(`${tag} NO That mail is broken`);
        const id = mail.gmailId === undefined ? '' : ` X-GM-MSGID ${mail.gmailId}`;
        const date = 'INTERNALDATE "23-Nov-2026 08:00:00 +0900"';
        say(
          `* ${mail.uid} FETCH (UID ${mail.uid}${id} ${date} BODY[]<0> {${mail.raw.length}}\r\n${mail.raw})`,
        );
      }
      return ok();
    }
    case 'LOGOUT':
      say('* BYE');
      ok();
      return void socket.end();
    default:
      return ok();
  }
}

function inSet({ mails }: State, set: string): PlayedMail[] {
  const ranges = set.split(',').map((part) => {
    const [from = '', to = from] = part.split(':');
    const of = (text: string) => (text === '*' ? Number.POSITIVE_INFINITY : Number(text));
    return [of(from), of(to)] as const;
  });
  return mails.filter(({ uid }) => ranges.some(([from, to]) => uid >= from && uid <= to));
}
