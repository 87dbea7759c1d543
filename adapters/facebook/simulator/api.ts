/**
 * Graph API as a page sees it, of what the adapter uses.
 * https://developers.facebook.com/docs/graph-api/reference
 */
import { timingSafeEqual } from 'node:crypto';
import type { Clock, RawReply, RawRequest } from '../../../src/core/channel.js';
import { countCharacters } from '../../shared/meta/measure.js';
import { idIn, objectIn, textIn } from '../../shared/meta/payload.js';
import { appSecretProof } from '../../shared/meta/signature.js';
import { graphJson, graphPage, graphProblem, graphTime } from '../../shared/meta/simulator/answers.js';
import { COMMENT_LIMIT, MESSENGER_LIMIT } from '../reply.js';
import { LONG_WINDOW_MS, RESPONSE_WINDOW_MS } from '../permission.js';
import type { PlayedComment, PlayedMessage, PlayedPage } from './world.js';

const LEDGER_PATH = '/__ledger';
const VERSIONED = /^\/v\d+\.\d+\/([^/]+)(?:\/([^/]+))?$/;
const APP_ID = '900100200300';
const SCOPES = [
  'pages_messaging',
  'pages_manage_metadata',
  'pages_read_engagement',
  'pages_read_user_content',
  'pages_manage_engagement',
];

export interface PlayedCredentials {
  readonly appSecret: string;
  readonly pageAccessToken: string;
}

/** The provider's answers without its faults. Calls `onSent` for each message that it takes. */
export class FacebookApi {
  readonly #page: PlayedPage;
  readonly #credentials: PlayedCredentials;
  readonly #clock: Clock;
  readonly #onSent: (message: PlayedMessage) => void;

  constructor(
    page: PlayedPage,
    credentials: PlayedCredentials,
    clock: Clock,
    onSent: (message: PlayedMessage) => void,
  ) {
    this.#page = page;
    this.#credentials = credentials;
    this.#clock = clock;
    this.#onSent = onSent;
  }

  handle(request: RawRequest): RawReply {
    const url = new URL(request.target, 'http://played');
    if (url.pathname === LEDGER_PATH) return this.#ledger();
    const [, node, edge = ''] = VERSIONED.exec(url.pathname) ?? [];
    if (node === undefined) return graphProblem(400, 2500, 'Unknown path components');
    if (!this.#isAuthenticated(request, url.searchParams)) {
      return graphProblem(401, 190, 'Invalid OAuth access token.');
    }
    const query = url.searchParams;
    if (request.method === 'POST') return this.#write(node, edge, readBody(request));
    return this.#read(node, edge, query);
  }

  #isAuthenticated(request: RawRequest, query: URLSearchParams): boolean {
    const { appSecret, pageAccessToken } = this.#credentials;
    const proof = query.get('appsecret_proof') ?? '';
    const given = String(request.headers['authorization'] ?? '');
    return (
      isSame(given, `Bearer ${pageAccessToken}`) && isSame(proof, appSecretProof(appSecret, pageAccessToken))
    );
  }

  #write(node: string, edge: string, body: unknown): RawReply {
    const { pageId, fields } = this.#page;
    if (node === pageId && edge === 'messages') return this.#send(body);
    if (node === pageId && edge === 'subscribed_apps') {
      fields.clear();
      for (const field of (textIn(body, 'subscribed_fields') ?? '').split(',')) fields.add(field);
      return graphJson(200, { success: true });
    }
    if (edge === 'comments') return this.#comment(node, textIn(body, 'message') ?? '');
    return graphProblem(400, 100, 'Unsupported post request.', { subcode: 33 });
  }

  #send(body: unknown): RawReply {
    const recipient = objectIn(body, 'recipient');
    const text = textIn(objectIn(body, 'message'), 'text') ?? '';
    const metadata = textIn(objectIn(body, 'message'), 'metadata');
    if (text === '' || countCharacters(text) > MESSENGER_LIMIT) {
      return graphProblem(400, 100, 'Length of param message[text] must be less than or equal to 2000');
    }
    const itemId = idIn(recipient, 'comment_id') ?? idIn(recipient, 'post_id');
    const refused =
      itemId === undefined ? this.#windowProblem(recipient, body) : this.#privateProblem(itemId);
    if (refused) return refused;
    const psid = itemId === undefined ? idIn(recipient, 'id') : this.#authorOf(itemId)?.psid;
    if (psid === undefined) return graphProblem(400, 100, 'No matching user found', { subcode: 2018001 });
    const message = this.#page.addMessage({
      psid,
      by: 'page',
      text,
      ...(metadata !== undefined && { metadata }),
      ...(itemId !== undefined && { repliesTo: itemId }),
    });
    this.#onSent(message);
    return graphJson(200, { recipient_id: psid, message_id: message.mid });
  }

  /** Somebody of whom this simulator has heard nothing counts as having written just now. */
  #windowProblem(recipient: unknown, body: unknown): RawReply | undefined {
    const last = this.#page.lastMessageOf(idIn(recipient, 'id') ?? '');
    const ageMs = last === undefined ? 0 : this.#clock.now().getTime() - last.at.getTime();
    const isTagged =
      textIn(body, 'messaging_type') === 'MESSAGE_TAG' && textIn(body, 'tag') === 'HUMAN_AGENT';
    if (ageMs < (isTagged ? LONG_WINDOW_MS : RESPONSE_WINDOW_MS)) return undefined;
    return graphProblem(400, 10, 'This message is sent outside of allowed window.', { subcode: 2018278 });
  }

  #privateProblem(itemId: string): RawReply | undefined {
    const item = this.#page.comments.find(({ id }) => id === itemId);
    if (!item?.author) return graphProblem(400, 100, 'Object does not exist', { subcode: 33 });
    if (this.#page.messages.some(({ repliesTo }) => repliesTo === itemId)) {
      return graphProblem(400, 10900, 'Activity already replied to');
    }
    if (this.#clock.now().getTime() - item.at.getTime() < LONG_WINDOW_MS) return undefined;
    return graphProblem(400, 10903, "This user can't reply to this activity");
  }

  #authorOf(itemId: string) {
    return this.#page.comments.find(({ id }) => id === itemId)?.author;
  }

  #comment(parentId: string, text: string): RawReply {
    const parent = this.#page.comments.find(({ id }) => id === parentId);
    if (!parent) return graphProblem(400, 100, 'Object does not exist', { subcode: 33 });
    if (text === '' || countCharacters(text) > COMMENT_LIMIT)
      return graphProblem(400, 100, 'Invalid parameter');
    // Facebook keeps one level below a comment.
    const added = this.#page.addComment({ parentId: this.#page.topOf(parent).id, text });
    return graphJson(200, { id: added.id });
  }

  #read(node: string, edge: string, query: URLSearchParams): RawReply {
    const { pageId, postId, fields } = this.#page;
    if (node === 'debug_token')
      return graphJson(200, { data: { app_id: APP_ID, is_valid: true, expires_at: 0, scopes: SCOPES } });
    if (node === pageId && edge === '') return graphJson(200, { id: pageId });
    if (node === pageId && edge === 'subscribed_apps') {
      return graphJson(200, { data: [{ id: APP_ID, subscribed_fields: [...fields] }] });
    }
    if (node === pageId && edge === 'conversations')
      return graphPage(this.#conversations(query.get('user_id')), query);
    if (node.startsWith('t_') && edge === 'messages') return graphPage(this.#messages(node.slice(2)), query);
    if (node === pageId && edge === 'feed') return graphPage([this.#post()], query);
    const comment = this.#page.comments.find(({ id }) => id === node);
    if (!comment && node !== postId) return graphProblem(400, 100, 'Object does not exist', { subcode: 33 });
    if (edge === 'comments') return graphPage(this.#below(node), query);
    return graphJson(200, { id: node, ...this.#privateConversation(node) });
  }

  #conversations(psid: string | null): object[] {
    const newestFirst = this.#page.messages.toReversed();
    const psids = new Set(newestFirst.map((message) => message.psid));
    return [...psids]
      .filter((one) => psid === null || one === psid)
      .map((one) => ({
        id: `t_${one}`,
        updated_time: graphTime(newestFirst.find((message) => message.psid === one)?.at ?? this.#clock.now()),
      }));
  }

  #messages(psid: string): object[] {
    const { pageId } = this.#page;
    return this.#page.messages
      .filter((message) => message.psid === psid)
      .toReversed()
      .map((message) => {
        const [from, to] = message.by === 'page' ? [pageId, psid] : [psid, pageId];
        const created_time = graphTime(message.at);
        return {
          id: message.mid,
          created_time,
          from: { id: from },
          to: { data: [{ id: to }] },
          message: message.text,
        };
      });
  }

  #post(): object {
    const { pageId, postId, postText: message, postedAt, comments } = this.#page;
    const updated_time = graphTime(comments.at(-1)?.at ?? postedAt);
    return { id: postId, message, from: { id: pageId }, created_time: graphTime(postedAt), updated_time };
  }

  /** `filter=stream`: all levels below. */
  #below(id: string): object[] {
    const isBelow = (comment: PlayedComment) => id === comment.postId || this.#page.topOf(comment).id === id;
    return this.#page.comments
      .filter((comment) => comment.id !== id && isBelow(comment))
      .toReversed()
      .map((comment) => ({
        id: comment.id,
        message: comment.text,
        created_time: graphTime(comment.at),
        from: comment.author
          ? { id: comment.author.userId, name: comment.author.name }
          : { id: this.#page.pageId, name: 'Tabea' },
        ...(comment.parentId !== comment.postId && { parent: { id: comment.parentId } }),
      }));
  }

  #privateConversation(itemId: string): object {
    const reply = this.#page.messages.find(({ repliesTo }) => repliesTo === itemId);
    if (!reply) return {};
    return {
      private_reply_conversation: { id: `t_${reply.psid}`, messages: { data: this.#messages(reply.psid) } },
    };
  }

  /** Everything that the page sent, oldest first: the count that fault tests compare with the store. */
  #ledger(): RawReply {
    const messages = this.#page.messages.filter(({ by }) => by === 'page');
    const comments = this.#page.comments.filter(({ author }) => author === undefined);
    return graphJson(200, [
      ...messages.map(({ psid, text, mid }) => ({ to: psid, body: text, sid: mid })),
      ...comments.map(({ parentId, text, id }) => ({ to: parentId, body: text, sid: id })),
    ]);
  }
}

function readBody(request: RawRequest): unknown {
  try {
    return JSON.parse(request.body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
