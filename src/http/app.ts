/** The Express application: everything but the webhooks, which have a faster path in front of it. */
import compression from 'compression';
import express, { type ErrorRequestHandler, type Express } from 'express';
import { apiRoutes } from './api/api-routes.js';
import { createApiKeyVerifier } from './auth/api-keys.js';
import { createLoginThrottle } from './auth/login-throttle.js';
import { createSessions } from './auth/sessions.js';
import { openAssetStore } from './asset-store.js';
import { caseRoutes } from './console/case-routes.js';
import { inboxRoutes } from './console/inbox-routes.js';
import { loginRoutes } from './console/login-routes.js';
import type { HttpDeps } from './deps.js';
import { messageFileRoutes } from './files/message-file-routes.js';
import { opsRoutes } from './ops-routes.js';
import { publicRoutes } from './public/public-routes.js';
import { simulatorRoutes } from './simulator/simulator-routes.js';
import { answerError, unknownAddress } from './web/error-handler.js';
import { greet, guardsOf } from './web/front.js';
import type { Route } from './web/route.js';
import { securityHeaders } from './web/security-headers.js';
import { frameBase, type Shared } from './web/shared.js';
import { checkTexts } from './web/texts.js';

/** Every address that the application answers, with who may call it. */
export function listRoutes(deps: HttpDeps): readonly Route[] {
  const shared: Shared = {
    ...deps,
    assets: openAssetStore(),
    sessions: createSessions(deps.database, deps.clock, isSecure(deps)),
    throttle: createLoginThrottle(deps.loginLimits),
  };
  return [
    ...opsRoutes(shared),
    ...apiRoutes(shared),
    ...publicRoutes(shared),
    ...loginRoutes(shared),
    ...inboxRoutes(shared),
    ...caseRoutes(shared),
    ...messageFileRoutes(shared),
    ...(deps.demo === undefined ? [] : simulatorRoutes(shared, deps.demo.played)),
  ];
}

export function createApp(deps: HttpDeps): Express {
  checkTexts(deps.config.messages);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.set('trust proxy', deps.trustProxy ?? false);
  app.use(securityHeaders(deps.publicUrl));
  app.use(greet());

  const guards = {
    keys: createApiKeyVerifier(deps.database),
    sessions: createSessions(deps.database, deps.clock, isSecure(deps)),
    secure: isSecure(deps),
  };
  const compress = compression({ threshold: 1_024 });
  for (const route of listRoutes(deps)) {
    // A played provider answers byte for byte; everything else may be made smaller.
    const before = route.access === 'provider' ? [] : [compress];
    app[route.method](route.path, ...before, ...guardsOf(route, guards), async (request, response) => {
      await route.handle(request, response);
    });
  }

  const frame = frameBase({ ...deps, assets: openAssetStore() });
  app.use(unknownAddress());
  const onError: ErrorRequestHandler = (error, request, response, next) => {
    answerError({ error, request, response, next }, frame, deps.logger);
  };
  app.use(onError);
  return app;
}

function isSecure(deps: HttpDeps): boolean {
  return deps.publicUrl.startsWith('https:');
}
