/** A mail server that says what a test tells it to, and breaks off where it is told to. */
import { createServer, type Socket } from 'node:net';

export type Stage = 'CONN' | 'EHLO' | 'AUTH' | 'MAIL' | 'RCPT' | 'DATA' | 'END';
/** A reply; `cut` breaks the connection off instead, `silent` says nothing more. */
export type Reply = string;

export interface TakenMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
}

export interface ScriptedServer {
  readonly url: string;
  readonly port: number;
  /** Mails whose DATA ended, whatever was answered. */
  readonly mails: TakenMail[];
  /** Commands as they came. */
  readonly commands: string[];
  connections(): number;
  /** The next answers of a stage; then what is usual. */
  next(stage: Stage, ...replies: Reply[]): void;
  /** Breaks off after so many bytes of the next mail. */
  cutWithin(bytes: number): void;
  close(): Promise<void>;
}

const USUAL: Readonly<Record<Stage, Reply>> = {
  CONN: '220 scripted ESMTP',
  EHLO: '250-scripted\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-AUTH PLAIN XOAUTH2\r\n250 ENHANCEDSTATUSCODES',
  AUTH: '235 2.7.0 ok',
  MAIL: '250 2.1.0 ok',
  RCPT: '250 2.1.5 ok',
  DATA: '354 go on',
  END: '250 2.0.0 taken',
};

export async function scriptedServer(): Promise<ScriptedServer> {
  const planned = new Map<Stage, Reply[]>();
  const mails: TakenMail[] = [];
  const commands: string[] = [];
  const open = new Set<Socket>();
  let connections = 0;
  let cutAfter: number | undefined;

  const server = createServer((socket) => {
    connections++;
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => undefined);
    let buffer = '';
    let data: string | undefined;
    let from = '';
    let to: string[] = [];

    const answer = (stage: Stage): string => {
      const reply = planned.get(stage)?.shift() ?? USUAL[stage];
      if (reply === 'cut') socket.destroy();
      else if (reply !== 'silent') socket.write(`${reply}\r\n`);
      return reply;
    };
    const command = (line: string) => {
      commands.push(line);
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === 'EHLO' || verb === 'HELO') answer('EHLO');
      else if (verb === 'AUTH') answer('AUTH');
      else if (verb === 'MAIL') {
        from = /<(.*)>/.exec(line)?.[1] ?? '?';
        to = [];
        answer('MAIL');
      } else if (verb === 'RCPT') {
        if (answer('RCPT').startsWith('2')) to.push(/<(.*)>/.exec(line)?.[1] ?? '?');
      } else if (verb === 'DATA') {
        if (to.length === 0) socket.write('503 5.5.1 no recipients\r\n');
        else if (answer('DATA').startsWith('3')) data = '';
      } else if (verb === 'QUIT') socket.end('221 bye\r\n');
      else socket.write('250 2.0.0 ok\r\n');
    };
    const more = () => {
      if (data !== undefined) {
        data += buffer;
        buffer = '';
        if (cutAfter !== undefined && data.length > cutAfter) {
          cutAfter = undefined;
          // Reads no more, until the buffers on the way are full; only then is the mail certainly not out.
          socket.pause();
          setTimeout(() => socket.destroy(), 200);
          return;
        }
        const end = `\r\n${data}`.indexOf('\r\n.\r\n');
        if (end < 0) return;
        mails.push({ from, to, raw: data.slice(0, end) });
        buffer = data.slice(end + 3);
        data = undefined;
        answer('END');
      }
      const end = buffer.indexOf('\r\n');
      if (data === undefined && end >= 0) {
        const line = buffer.slice(0, end);
        buffer = buffer.slice(end + 2);
        command(line);
        more();
        return;
      }
      if (data !== undefined && buffer !== '') more();
    };
    socket.on('data', (chunk) => {
      buffer += chunk.toString('latin1');
      more();
    });
    answer('CONN');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `smtp://127.0.0.1:${port}`,
    port,
    mails,
    commands,
    connections: () => connections,
    next: (stage, ...replies) => void planned.set(stage, replies),
    cutWithin: (bytes) => (cutAfter = bytes),
    close: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
