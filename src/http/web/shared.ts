/** The dependencies, and what the application made of them once. */
import type { AssetStore } from '../asset-store.js';
import type { LoginThrottle } from '../auth/login-throttle.js';
import type { Sessions } from '../auth/sessions.js';
import type { HttpDeps } from '../deps.js';
import type { FrameBase } from './page.js';

export interface Shared extends HttpDeps {
  readonly assets: AssetStore;
  readonly sessions: Sessions;
  readonly throttle: LoginThrottle;
}

/** What the frame of a page takes from them. */
export function frameBase(shared: Pick<Shared, 'assets' | 'demo' | 'config'>): FrameBase {
  return { assets: shared.assets, demo: shared.demo !== undefined, messages: shared.config.messages };
}
