'use strict';
// `npm test`: install what is missing, build the page when it is stale, run every suite.

require('./bootstrap.cjs').run('scripts/run-tests.ts', process.argv.slice(2), { page: true });
