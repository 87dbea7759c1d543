/** What one mail may cost. Beyond a bound of the structure it is not read at all; its raw bytes are kept. */
export interface MailLimits {
  /** Bytes of the whole mail. */
  readonly maxMessageBytes: number;
  /** MIME parts, and how deep they may lie in each other. Real mail: some dozens, and below ten. */
  readonly maxParts: number;
  readonly maxDepth: number;
  /** Bytes of the headers of one part; a line counts at least 64. Real mail: up to some 60 KB. */
  readonly maxHeaderBytes: number;
  /** Files of one mail, the bytes of one and of all: what is beyond is named and left in the raw mail. */
  readonly maxFiles: number;
  readonly maxFileBytes: number;
  readonly maxFilesBytes: number;
  /** Characters of the text that is shown; the whole of a longer one becomes a file. */
  readonly maxTextCharacters: number;
  readonly maxHtmlBytes: number;
}

const MiB = 1024 * 1024;

export const DEFAULT_LIMITS: MailLimits = {
  maxMessageBytes: 50 * MiB,
  maxParts: 1_000,
  maxDepth: 50,
  maxHeaderBytes: 256 * 1024,
  maxFiles: 100,
  maxFileBytes: 25 * MiB,
  maxFilesBytes: 40 * MiB,
  maxTextCharacters: 200_000,
  maxHtmlBytes: 2 * MiB,
};

/** Why a mail is not read: the beginning of the message of an UnparsableError. */
export type UnreadableCode =
  'too_large' | 'too_deep' | 'too_complex' | 'too_slow' | 'too_much_memory' | 'unreadable';

/** Thrown inside the worker; becomes an UnparsableError outside. */
export class UnreadableMail extends Error {
  override readonly name = 'UnreadableMail';
  readonly code: UnreadableCode;

  constructor(code: UnreadableCode, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}
