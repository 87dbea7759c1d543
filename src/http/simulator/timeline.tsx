/** What a timeline has that a telephone has not: who writes to whom, answers to one post, posts that are deleted. */
import type { ComponentChildren } from 'preact';
import type { SimulatedMessage } from '../../core/simulator.js';
import { CsrfField, type Frame } from '../web/page.js';

interface PostProps {
  readonly frame: Frame;
  readonly post: SimulatedMessage;
  readonly channelId: string;
  /** The citizen who reads. */
  readonly from: string;
  readonly time: string;
}

/** One post. All of it works without scripts. */
export function TimelinePost(props: PostProps) {
  const { frame, post, time } = props;
  const { say } = frame;
  const [author = ''] = (post.subject ?? '').split(' ', 1);
  const isDeleted = post.state === 'deleted';
  return (
    <article class="sim-post" data-direction={post.direction} data-state={post.state}>
      <span class="sim-face" aria-hidden="true">
        {author.slice(1, 2).toUpperCase()}
      </span>
      <div class="sim-post-body">
        <header class="sim-post-head">
          <strong>{post.subject}</strong> · {time}
        </header>
        <div class="sim-post-text" dir="auto">
          {isDeleted ? say('sim.deletedPost') : post.text}
        </div>
        {isDeleted ? null : <PostAction {...props} />}
      </div>
    </article>
  );
}

/** The citizen answers what he received, and deletes what he wrote. */
function PostAction({ frame, post, channelId, from }: PostProps) {
  const { say } = frame;
  if (post.direction === 'out') {
    return (
      <ActForm frame={frame} channelId={channelId} from={from} subject={`delete:${post.id}`}>
        <input type="hidden" name="text" value="-" />
        <button class="sim-act" type="submit">
          {say('sim.deletePost')}
        </button>
      </ActForm>
    );
  }
  return (
    <details class="sim-answer">
      <summary class="sim-act">{say('sim.reply')}</summary>
      <ActForm frame={frame} channelId={channelId} from={from} subject={`reply:${post.id}`}>
        <textarea
          class="form-control"
          name="text"
          rows={2}
          required
          maxLength={2_000}
          aria-label={`${say('sim.reply')}: ${post.subject ?? ''}`}
        />
        <button class="btn btn-sm btn-primary" type="submit">
          {say('sim.send')}
        </button>
      </ActForm>
    </details>
  );
}

interface ActFormProps extends Pick<PostProps, 'frame' | 'channelId' | 'from'> {
  readonly subject: string;
  readonly children: ComponentChildren;
}

function ActForm({ frame, channelId, from, subject, children }: ActFormProps) {
  return (
    <form
      class="sim-act-form"
      method="post"
      action="/simulator/messages"
      hx-post="/simulator/messages"
      hx-target={`#messages-${channelId}`}
      hx-swap="outerHTML"
    >
      <CsrfField frame={frame} />
      <input type="hidden" name="channel" value={channelId} />
      <input type="hidden" name="from" value={from} />
      <input type="hidden" name="subject" value={subject} />
      {children}
    </form>
  );
}
