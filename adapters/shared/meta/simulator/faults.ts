import type { RawReply, RawRequest } from '../../../../src/core/channel.js';
import type { SimulatorFault } from '../../../../src/core/simulator.js';
import { graphProblem } from './answers.js';

/** A client that waits longer than this for an answer gets one after all. */
const SILENCE_MS = 60_000;

/** Faults of the API that every channel of Meta may have; each concerns the next request that writes something. */
export const API_FAULTS: readonly SimulatorFault[] = [
  { id: 'http-429', label: 'Batas laju (429, kode 4, Retry-After 1 detik)' },
  { id: 'code-613', label: 'Terlalu banyak panggilan (kode 613)' },
  { id: 'http-500', label: 'Galat penyedia (500, kode 2)' },
  { id: 'code-190', label: 'Token akses tidak berlaku lagi (kode 190)' },
  { id: 'usage', label: 'Jatah panggilan hampir habis (X-App-Usage 97 %)' },
  { id: 'timeout', label: 'Tidak menjawab dan tidak menerima' },
  { id: 'accepted-no-answer', label: 'Menerima, tetapi sambungan putus sebelum menjawab' },
];

/** Faults that are switched on, and those of the API as they show. */
export class PlayedFaults {
  readonly known: readonly SimulatorFault[];
  readonly #left = new Map<string, number>();
  readonly #silences = new Set<() => void>();

  constructor(own: readonly SimulatorFault[]) {
    this.known = [...API_FAULTS, ...own];
  }

  set(id: string, times: number): void {
    if (!this.known.some((fault) => fault.id === id)) throw new Error(`there is no fault ${id}`);
    if (times > 0) this.#left.set(id, times);
    else this.#left.delete(id);
  }

  active(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#left);
  }

  take(id: string): boolean {
    const left = this.#left.get(id) ?? 0;
    if (left > 0) this.set(id, left - 1);
    return left > 0;
  }

  /** The answer of the API with the fault that is on, if one is. */
  async play(request: RawRequest, answer: () => RawReply): Promise<RawReply> {
    if (request.method !== 'POST') return answer();
    if (this.take('http-429')) {
      return graphProblem(429, 4, 'Application request limit reached', { headers: { 'retry-after': '1' } });
    }
    if (this.take('code-613'))
      return graphProblem(400, 613, 'Calls to this api have exceeded the rate limit.');
    if (this.take('http-500')) return graphProblem(500, 2, 'Service temporarily unavailable');
    if (this.take('code-190'))
      return graphProblem(401, 190, 'Error validating access token', { subcode: 463 });
    if (this.take('timeout')) return await this.#silence();
    const usage = this.take('usage')
      ? { 'x-app-usage': '{"call_count":97,"total_time":12,"total_cputime":9}' }
      : {};
    const reply = answer();
    // Less than announced, and the connection closed: all that a reply can do to break off.
    if (this.take('accepted-no-answer')) {
      return { ...reply, headers: { 'content-length': '1024', connection: 'close' }, body: '' };
    }
    return { ...reply, headers: { ...reply.headers, ...usage } };
  }

  close(): void {
    for (const end of this.#silences) end();
  }

  /** No answer until the client has given up. */
  #silence(): Promise<RawReply> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#silences.delete(end);
        resolve(graphProblem(504, -2, 'Timeout'));
      };
      const timer = setTimeout(end, SILENCE_MS).unref();
      this.#silences.add(end);
    });
  }
}
