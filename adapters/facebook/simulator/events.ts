/** Webhooks in Meta's shapes. */
import type { PlayedComment, PlayedMessage, PlayedPage, PlayedPerson } from './world.js';

export interface PlayedEntry {
  readonly messaging?: readonly object[];
  readonly changes?: readonly object[];
}

/** https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messages */
export function messageEvent({ pageId }: PlayedPage, message: PlayedMessage): object {
  return {
    sender: { id: message.psid },
    recipient: { id: pageId },
    timestamp: message.at.getTime(),
    message: { mid: message.mid, text: message.text },
  };
}

/** https://developers.facebook.com/docs/graph-api/webhooks/reference/page/#feed */
export function commentEvent(page: PlayedPage, comment: PlayedComment, author: PlayedPerson): object {
  return {
    field: 'feed',
    value: {
      from: { id: author.userId, name: author.name },
      post: { status_type: 'mobile_status_update', is_published: true, id: page.postId },
      message: comment.text,
      post_id: page.postId,
      comment_id: comment.id,
      created_time: Math.floor(comment.at.getTime() / 1000),
      item: 'comment',
      parent_id: comment.parentId,
      verb: 'add',
    },
  };
}

/** What becomes of a message that the page sent: its echo, its delivery, its being read. */
export function deliveryEvents(
  { pageId }: PlayedPage,
  message: PlayedMessage,
): readonly { readonly state: string; readonly event: object }[] {
  const { psid, mid, text, metadata } = message;
  const at = message.at.getTime();
  const byPerson = { sender: { id: psid }, recipient: { id: pageId }, timestamp: at };
  const echo = {
    mid,
    text,
    is_echo: true,
    app_id: 900100200300,
    ...(metadata !== undefined && { metadata }),
  };
  return [
    {
      state: 'sent',
      event: { sender: { id: pageId }, recipient: { id: psid }, timestamp: at, message: echo },
    },
    { state: 'delivered', event: { ...byPerson, delivery: { mids: [mid], watermark: at } } },
    { state: 'read', event: { ...byPerson, read: { watermark: at } } },
  ];
}
