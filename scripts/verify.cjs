'use strict';
// `npm run verify`: install what is missing, then the checks that need no services and no minutes.

require('./bootstrap.cjs').run('scripts/run-verify.ts', process.argv.slice(2));
