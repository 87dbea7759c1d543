/** What the HTTP application is handed. It reaches for nothing itself. */
import type { Registry } from 'prom-client';
import type { Config } from '../../config/load.js';
import type { CaseServices } from '../cases/services.js';
import type { ChannelAdapter, Clock, Logger } from '../core/channel.js';
import type { SimulatorPart } from '../core/simulator.js';
import type { Database } from '../db/database.js';
import type { VirusScanner } from '../ops/clamav.js';
import type { LoginLimits } from './auth/login-throttle.js';
import type { ChangeFeed } from './change-feed.js';

export type ComponentState = 'ok' | 'degraded' | 'down';

export interface Readiness {
  /** `down` is answered with 503: messages cannot be stored anywhere. */
  readonly status: ComponentState;
  readonly database: { readonly state: ComponentState; readonly detail: string };
  readonly queue: { readonly state: ComponentState; readonly detail: string };
  readonly spool: { readonly state: ComponentState; readonly detail: string };
  readonly channels: Readonly<Record<string, { readonly state: ComponentState; readonly detail: string }>>;
}

/** The demo's stand-in of one kind's provider. */
export interface PlayedKind {
  readonly kind: string;
  readonly part: SimulatorPart;
}

export interface HttpDeps {
  readonly database: Database;
  readonly cases: CaseServices;
  /** Stores the bytes of an attachment durably and returns their SHA-256 (hex). */
  readonly putBlob: (bytes: Buffer) => Promise<string>;
  /** The bytes of that SHA-256 (hex); undefined where there are none. */
  readonly getBlob: (hash: string) => Promise<Buffer | undefined>;
  /** Judges files when they are served and when an operator hands them in. Absent: none is configured. */
  readonly scanner?: VirusScanner;
  /** A telephone number as people type it, in E.164; null where it is none. */
  readonly normalisePhone: (text: string) => string | null;
  readonly config: Config;
  /** By channel id; a channel without an adapter (disabled) is absent. */
  readonly adapters: ReadonlyMap<string, ChannelAdapter>;
  readonly changes: ChangeFeed;
  readonly readiness: () => Promise<Readiness>;
  readonly metrics: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Public base address, no trailing slash. */
  readonly publicUrl: string;
  /** In the demo: its played providers, and every page says that it is a demo. Otherwise the simulator does not exist. */
  readonly demo?: { readonly played: readonly PlayedKind[] };
  /** Proxies in front that may be believed about the client's address (Express `trust proxy`). Default: none. */
  readonly trustProxy?: number;
  readonly loginLimits?: LoginLimits;
}
