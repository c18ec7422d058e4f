'use strict';
// `npm run generate`: writes the pages under docs/ that follow from the code.

require('./bootstrap.cjs').run('scripts/generate-docs.ts', process.argv.slice(2));
