'use strict';
// `npm run dev`: install what is missing, then the page and the server, both following changes of their sources.

require('./bootstrap.cjs').run('scripts/run-dev.ts', process.argv.slice(2));
