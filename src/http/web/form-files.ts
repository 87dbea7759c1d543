/** A form with files: multipart, within limits; what is too large is read past and remembered as too large. */
import { Busboy, type BusboyInstance } from '@fastify/busboy';
import express, { type Request, type RequestHandler } from 'express';
import { FILES_AT_MOST } from '../../cases/reply-files.js';
import { badRequest, Problem } from '../problem.js';

export interface GivenFile {
  readonly name: string;
  readonly contentType: string;
  readonly bytes: Buffer;
}

export interface GivenFiles {
  readonly files: readonly GivenFile[];
  /** There was more than is kept: `files` has none of it. */
  readonly tooLarge: boolean;
  readonly tooMany: boolean;
}

/** More than any channel carries; beyond it nothing is kept, but the words of the form are. */
const BYTES_AT_MOST = 30_000_000;
/** So much is not even read past. */
const LONGEST_BODY = 100_000_000;
const FIELD_BYTES = 256 * 1024;
const NOTHING: GivenFiles = { files: [], tooLarge: false, tooMany: false };

const given = new WeakMap<Request, GivenFiles>();

/** What came with the form of this request. */
export function filesOf(request: Request): GivenFiles {
  return given.get(request) ?? NOTHING;
}

/** Fields go into `request.body`, as those of a form without files. */
export function readFormWithFiles(): RequestHandler {
  const plain = express.urlencoded({ extended: false, limit: '256kb', parameterLimit: 100 });
  // A promise that fails is an error for Express 5.
  return async (request, response, next) => {
    const type = request.headers['content-type'] ?? '';
    if (!/^multipart\/form-data\b/i.test(type)) {
      plain(request, response, next);
      return;
    }
    const { fields, ...files } = await readParts(request, type);
    request.body = fields;
    given.set(request, files);
    next();
  };
}

interface Parts extends GivenFiles {
  readonly fields: Readonly<Record<string, string>>;
}

async function readParts(request: Request, type: string): Promise<Parts> {
  if (Number(request.headers['content-length'] ?? 0) > LONGEST_BODY) {
    throw new Problem(413, { code: 'too-large', detail: 'The form is larger than is taken here.' });
  }
  const fields = new Map<string, string>();
  const files: GivenFile[] = [];
  let size = 0;
  let tooMany = false;
  const keep = (bytes: Buffer) => {
    size += bytes.length;
    return size <= BYTES_AT_MOST;
  };
  await new Promise<void>((resolve, reject) => {
    const unreadable = (cause?: unknown) => {
      request.unpipe();
      request.resume();
      reject(badRequest(`The form cannot be read${cause instanceof Error ? '.' : ': it ended too early.'}`));
    };
    let parser: BusboyInstance;
    try {
      parser = new Busboy({
        headers: { ...request.headers, 'content-type': type },
        limits: {
          fields: 100,
          fieldSize: FIELD_BYTES,
          files: FILES_AT_MOST + 1,
          parts: 120,
          headerPairs: 50,
        },
      });
    } catch (error) {
      unreadable(error);
      return;
    }
    parser.on('field', (name, value) => void fields.set(name, value));
    parser.on('filesLimit', () => {
      tooMany = true;
    });
    parser.on('file', (_field, stream, name, _encoding, contentType) => {
      const parts: Buffer[] = [];
      stream.on('data', (bytes: Buffer) => {
        if (keep(bytes)) parts.push(bytes);
        else parts.length = 0;
      });
      stream.on('end', () => {
        // A browser sends an empty part without a name where nothing was chosen.
        if (name !== undefined && name !== '') files.push({ name, contentType, bytes: Buffer.concat(parts) });
      });
    });
    parser.once('finish', resolve);
    parser.once('error', unreadable);
    request.once('aborted', () => unreadable());
    request.pipe(parser);
  });
  const tooLarge = size > BYTES_AT_MOST;
  return { fields: Object.fromEntries(fields), files: tooLarge || tooMany ? [] : files, tooLarge, tooMany };
}
