'use strict';
// `npm run prove -- <topic>`: install what is missing, then measure what the project claims.

require('./bootstrap.cjs').run('prove/main.ts', process.argv.slice(2));
