/** A mail that a source fetched or was given, with what it says. */
import { UnparsableError, type Parsed, type PulledItem, type RawRequest } from '../../src/core/channel.js';
import { headOf } from './head.js';

/** What cannot be read goes to quarantine, and the next one goes on. Throws only what has nothing to do with the mail. */
export async function itemFrom(
  request: RawRequest,
  parse: (request: RawRequest) => Promise<Parsed>,
): Promise<PulledItem> {
  try {
    return { request, parsed: await parse(request) };
  } catch (error) {
    if (!(error instanceof UnparsableError)) throw error;
    return { request, parsed: rejectedMail(request, error.message) };
  }
}

/** The head stands for it; the whole is kept beside it. */
export function rejectedMail({ body }: RawRequest, reason: string): Parsed {
  return { events: [], ignored: [], rejected: [{ part: headOf(body).toString('utf8'), reason }] };
}
