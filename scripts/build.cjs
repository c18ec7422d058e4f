'use strict';
// `npm run build`: the page, and in dist/ what the package holds besides: the program and the client as JavaScript.

require('./bootstrap.cjs').run('scripts/build-package.ts', process.argv.slice(2), { page: true });
