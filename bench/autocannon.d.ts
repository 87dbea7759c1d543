/** What the benchmarks use of autocannon 9, which has no types of its own. */
declare module 'autocannon' {
  export interface Request {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  }
  export interface Client {
    setRequests(requests: readonly Request[]): void;
  }
  export interface Options {
    readonly url: string;
    readonly connections: number;
    /** Requests altogether, shared evenly by the connections. */
    readonly amount: number;
    readonly setupClient: (client: Client) => void;
  }
  export interface Result {
    readonly '2xx': number;
    readonly non2xx: number;
    readonly errors: number;
    readonly timeouts: number;
    readonly latency: { readonly p50: number; readonly p99: number; readonly max: number };
  }
  export interface Instance extends PromiseLike<Result> {
    on(event: 'response', listener: () => void): void;
  }
  export default function autocannon(options: Options): Instance;
}
