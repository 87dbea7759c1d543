/** Mail that lies in mailboxes: read by IMAP, and copies of what we send filed there. */
export { createAccessTokens, type AccessTokens } from './access-token.js';
export { parseMail } from './item.js';
export { probeImap } from './probe.js';
export type { ReachOptions } from './reach.js';
export { createSentFolder, type SentFolder, type SentFolderOptions } from './sent-folder.js';
export { createImapSources, type ImapSourceOptions } from './sources.js';
