'use strict';
// What every npm script does first: dependencies in step, page fresh where it is wanted, then an entry of ours under a
// good Node. Old syntax on purpose, see install.cjs.

var path = require('path');
var buildPage = require('./build-page.cjs').buildPage;
var install = require('./install.cjs');
var launch = require('./launch.cjs').launch;

/** Runs `entry` with `argv`; `opts.page` builds the page first when it is stale. */
exports.run = function (entry, argv, opts) {
  var root = path.dirname(__dirname);
  var node;
  try {
    install.ensureInstalled(root);
    node = install.findNode(root);
    if (node.path === null) throw install.refusal(node.message);
    if (opts && opts.page) buildPage(root, node.path);
    launch(root, entry, argv);
  } catch (error) {
    install.refuse(error);
  }
};
