/**
 * What the numbers of the Cloud API mean, beside those of Graph.
 * https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
 */
import { ChannelError } from '../../src/core/channel-error.js';
import { meaning, type Meanings } from '../shared/meta/errors.js';

const WINDOW_CLOSED = 131047;

const { retryLater, throttled, config, forbidden, refused } = meaning;

export const WHATSAPP_CODES: Meanings = new Map([
  [0, config('the access token is not valid: issue a new one')],
  [3, config('the app lacks a permission for this number')],
  [10, config('the app lacks a permission for this number')],
  [33, config('the number does not exist in this account')],
  [131005, config('the app lacks a permission for this number')],
  [131031, config('Meta has locked the account')],
  [131042, config('the account has no means of payment')],
  [131045, config('the number is not registered')],
  [133010, config('the number is not registered')],
  [132001, config('the template does not exist in this language')],
  [132007, config('the template breaks a rule of WhatsApp')],
  [132015, config('the template is paused for its quality')],
  [132016, config('the template is disabled for its quality')],
  [130429, throttled('the number sends too fast')],
  [131048, throttled('the number is limited for its quality')],
  [131056, throttled('too many messages to the same person')],
  [133016, throttled('the number was registered too often')],
  [131000, { ...retryLater('something went wrong at WhatsApp'), certainty: 'unknown' }],
  [131016, retryLater('the service is unavailable for now')],
  [131057, retryLater('the account is under maintenance')],
  [133004, retryLater('the server is unavailable for now')],
  [WINDOW_CLOSED, forbidden('more than 24 hours have passed: a template is needed')],
  [131049, forbidden('WhatsApp does not deliver this to this person now')],
  [131050, { code: 'opted_out', words: 'the person wants no such messages', retryable: false }],
  [131008, refused('a parameter is missing')],
  [131009, refused('a parameter is not accepted')],
  [131021, refused('sender and recipient are the same')],
  [131026, refused('the message cannot be delivered to this person')],
  [130472, refused('WhatsApp withholds messages from this person')],
  [131051, refused('this kind of message is not supported')],
  [132000, refused('the template has another number of parameters')],
  [132005, refused('the text makes the template too long')],
  [132012, refused('a parameter of the template has a wrong form')],
]);

/** Whether WhatsApp refused because too much time has passed since the person wrote. */
export function isWindowClosed(error: unknown): boolean {
  return error instanceof ChannelError && Number(error.providerCode?.split('/')[0]) === WINDOW_CLOSED;
}
