/** For those who operate the gateway: alive, ready, numbers. And the stylesheets and scripts of the pages. */
import type { Route } from './web/route.js';
import { forbidden } from './problem.js';
import type { Shared } from './web/shared.js';
import { visitOf } from './web/visit.js';

export function opsRoutes(shared: Shared): readonly Route[] {
  return [
    {
      method: 'get',
      path: '/healthz',
      access: 'public',
      handle: (_request, response) => {
        response.set('cache-control', 'no-store').type('json').end('{"status":"ok"}');
      },
    },
    {
      method: 'get',
      path: '/readyz',
      access: 'public',
      handle: async (_request, response) => {
        const readiness = await shared.readiness();
        response
          .status(readiness.status === 'down' ? 503 : 200)
          .set('cache-control', 'no-store')
          .type('json')
          .end(JSON.stringify(readiness));
      },
    },
    {
      method: 'get',
      path: '/metrics',
      access: 'ops',
      handle: async (request, response) => {
        const { principal } = visitOf(request);
        // Null: from this machine itself.
        if (principal !== null && principal.role !== 'viewer' && principal.role !== 'super_admin') {
          throw forbidden('Metrics need a key of the role viewer.');
        }
        response.set({ 'content-type': shared.metrics.contentType, 'cache-control': 'no-store' });
        response.end(await shared.metrics.metrics());
      },
    },
    {
      method: 'get',
      path: '/assets/:hash/:name',
      access: 'public',
      handle: (request, response) => shared.assets.serve(request, response),
    },
  ];
}
