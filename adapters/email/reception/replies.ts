/** What the reception says to other mail servers: reply code and enhanced code (RFC 3463). */

export class SmtpReply extends Error {
  readonly responseCode: number;

  constructor(responseCode: number, text: string) {
    super(text);
    this.responseCode = responseCode;
  }
}

export const replies = {
  tooMany: () => new SmtpReply(450, '4.7.1 Too many messages, try again in a minute'),
  tooManyConnections: () => new SmtpReply(421, '4.7.0 Too many connections, try again later'),
  notHere: () => new SmtpReply(550, '5.7.1 We take mail for our own addresses only'),
  tooLarge: () => new SmtpReply(552, '5.3.4 Message is too large'),
  noRoom: () => new SmtpReply(452, '4.3.1 No room just now, try again later'),
  notStored: () => new SmtpReply(451, '4.3.0 Could not be stored, try again later'),
} as const;
