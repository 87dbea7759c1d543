/** The body of a webhook request, raw, within limits of size and time. */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, inflate, inflateRaw } from 'node:zlib';

/** Why a body was not read, with the status to answer. `gone`: the client left; there is nobody to answer. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
  readonly status: 400 | 408 | 413 | 415 | 'gone';

  constructor(status: BodyError['status'], message: string) {
    super(message);
    this.status = status;
  }
}

export interface BodyLimits {
  /** Bytes, before and after inflating. */
  readonly maxBytes: number;
  /** Milliseconds for the whole body. */
  readonly timeoutMs: number;
}

/** The body as sent, inflated where it says gzip or deflate. Throws BodyError. */
export async function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const encoding = request.headers['content-encoding'];
  if (encoding === undefined) return readRaw(request, limits);
  const inflateBody = inflaters[encoding.trim().toLowerCase()];
  if (inflateBody === undefined) throw new BodyError(415, 'Only gzip and deflate are understood');
  return inflateBody(await readRaw(request, limits), limits.maxBytes);
}

function readRaw(request: IncomingMessage, { maxBytes, timeoutMs }: BodyLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) {
      reject(tooLarge(maxBytes));
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;
    const timer = setTimeout(() => fail(new BodyError(408, 'The body came too slowly')), timeoutMs);
    const detach = () => {
      clearTimeout(timer);
      request.off('data', take).off('end', end).off('close', leave).off('error', leave);
      // The error of a connection that breaks later concerns nobody any more.
      request.on('error', () => undefined);
    };
    const fail = (error: BodyError) => {
      detach();
      request.pause();
      reject(error);
    };
    const take = (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) fail(tooLarge(maxBytes));
      else chunks.push(chunk);
    };
    const end = () => {
      detach();
      const [first] = chunks;
      resolve(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, size));
    };
    const leave = () => fail(new BodyError('gone', 'The client left'));
    request.on('data', take).on('end', end).on('close', leave).on('error', leave);
  });
}

function tooLarge(maxBytes: number): BodyError {
  return new BodyError(413, `The limit is ${maxBytes} bytes`);
}

type Inflate = (body: Buffer, maxBytes: number) => Promise<Buffer>;

const inflaters: Readonly<Record<string, Inflate>> = {
  identity: (body) => Promise.resolve(body),
  gzip: bounded(promisify(gunzip)),
  'x-gzip': bounded(promisify(gunzip)),
  deflate: (body, maxBytes) => {
    // "deflate" is zlib by RFC 9110, section 8.4.1.2, and bare deflate by some clients; zlib's first byte tells.
    const isZlib = ((body[0] ?? 0) & 0x0f) === 8 && body.length > 1 && body.readUInt16BE(0) % 31 === 0;
    return (isZlib ? bounded(promisify(inflate)) : bounded(promisify(inflateRaw)))(body, maxBytes);
  },
};

function bounded(
  decompress: (body: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>,
): Inflate {
  return async (body, maxBytes) => {
    try {
      return await decompress(body, { maxOutputLength: maxBytes });
    } catch (error) {
      if (isTooLarge(error)) throw tooLarge(maxBytes);
      throw new BodyError(400, 'The body is not what its content-encoding says');
    }
  };
}

/** By its code alone: node's errors may come from another realm (tests run in one of their own). */
function isTooLarge(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return code === 'ERR_BUFFER_TOO_LARGE';
}
