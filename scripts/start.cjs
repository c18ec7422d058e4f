'use strict';
// `npm start`: install what is missing, build the page when it is stale, serve.

require('./bootstrap.cjs').run('src/main.ts', ['serve'].concat(process.argv.slice(2)), { page: true });
