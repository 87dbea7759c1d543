/**
 * Metrics: one registry a process, handed to whoever measures. Each module declares its own metrics beside
 * its code (see `intake/intake-metrics.ts`), so that this file knows of none of them.
 */
import { collectDefaultMetrics, Registry } from 'prom-client';

export interface MetricsOptions {
  /** Process figures (memory, event loop, garbage collection) as well. Default true. */
  readonly processFigures?: boolean;
}

/** A new registry; the process has one, every test its own. */
export function createRegistry(options: MetricsOptions = {}): Registry {
  const registry = new Registry();
  if (options.processFigures ?? true) collectDefaultMetrics({ register: registry });
  return registry;
}
