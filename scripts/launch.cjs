'use strict';
// Runs a TypeScript entry of this project with a Node new enough: in this process when it is, else in a child that
// ends with us. Old syntax on purpose, see install.cjs.

var childProcess = require('child_process');
var fs = require('fs');
var moduleApi = require('module');
var os = require('os');
var path = require('path');
var url = require('url');
var install = require('./install.cjs');

var FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * The program gets a small young generation, because its heap is mostly long-lived state, and garbage is collected when the
 * heap has grown by a third: the rest of what V8 would let lie is memory that an operator pays for. So little is collected
 * sooner by one thread than by several that first have to get a core, and a prober must not wait for one.
 *
 * The first round of looks makes hundreds of functions hot within a second. What V8's middle compiler (Maglev) held for them
 * is freed by the thread they belong to, at once, and not by a background thread that waits for a core behind the compilers:
 * there 20 MiB pile up, and malloc keeps them for good.
 */
var PROGRAM_FLAGS = [
  '--max-semi-space-size=2',
  '--heap-growing-percent=30',
  '--no-parallel-scavenge',
  '--no-maglev-destroy-on-background',
];
var NODE_FLAGS = { 'src/main.ts': PROGRAM_FLAGS, 'dist/program/main.js': PROGRAM_FLAGS };

/** glibc keeps an area of memory for every thread that asks for some, and gives little of each back (mallopt(3)): few will do. */
var FEW_ARENAS = { MALLOC_ARENA_MAX: '2' };

function makeFolder(dir) {
  if (fs.existsSync(dir)) return;
  makeFolder(path.dirname(dir));
  try {
    fs.mkdirSync(dir, 448 /* 0700 */);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
}

function isUsable(dir) {
  try {
    makeFolder(dir);
    fs.accessSync(dir, fs.constants.W_OK);
    return true;
  } catch (_) {
    return false;
  }
}

/**
 * Where compiled code is kept between starts: in the checkout when we may write there, else in a folder of the user's
 * own; null when there is none. Never a shared temporary folder: whoever can write the cache can run code as us.
 */
function compileCacheFolder(root, env) {
  if (env.NODE_COMPILE_CACHE) return env.NODE_COMPILE_CACHE;
  var base = env.XDG_CACHE_HOME;
  if (!base || !path.isAbsolute(base)) base = path.join(os.homedir(), '.cache');
  var folders = [path.join(base, 'jetmon2', 'compiled')];
  if (fs.existsSync(path.join(root, 'node_modules'))) {
    folders.unshift(path.join(root, 'node_modules', '.cache', 'jetmon2'));
  }
  return folders.filter(isUsable)[0] || null;
}

/** Flags count only from the start of a process, so it starts over in place where the system can do that. */
function runHere(root, entry, argv, flags) {
  var cache = compileCacheFolder(root, process.env);
  if (typeof process.execve === 'function') {
    var env = Object.assign({}, FEW_ARENAS, process.env, cache === null ? {} : { NODE_COMPILE_CACHE: cache });
    process.execve(process.execPath, [process.execPath].concat(flags, entry, argv), env);
  }
  if (cache !== null) {
    // The variable is for worker threads, the call for this one.
    process.env.NODE_COMPILE_CACHE = cache;
    moduleApi.enableCompileCache(cache);
  }
  process.argv = [process.execPath, entry].concat(argv);
  require('./run-here.cjs').runHere(url.pathToFileURL(entry).href);
}

/** Environment for a child under a good Node; `JETMON_LIFELINE` tells it to end when its channel to us closes. */
function childEnvironment(root) {
  var cache = compileCacheFolder(root, process.env);
  return Object.assign(
    {},
    FEW_ARENAS,
    process.env,
    { JETMON_LIFELINE: '1' },
    cache === null ? {} : { NODE_COMPILE_CACHE: cache },
  );
}

function forwardSignals(child, mergesCopies) {
  // At a terminal Ctrl-C reaches the whole group, the child included. The program takes two copies as one wish; a test
  // runner would take the second as "now, at once".
  var atTerminal = Boolean(process.stdin.isTTY) && !mergesCopies;
  FORWARDED.forEach(function (signal) {
    process.on(signal, function () {
      if (signal !== 'SIGINT' || !atTerminal) child.kill(signal);
    });
  });
}

/** npm puts a shell between itself and us, and both may end without a word to us; then we end too. */
function endWithNpm(end) {
  if (!process.env.npm_lifecycle_event) return;
  var parent = process.ppid;
  setInterval(function () {
    if (process.ppid !== parent) end();
  }, 500).unref();
}

function endLike(code, signal) {
  if (signal === null) process.exit(code);
  FORWARDED.forEach(function (name) {
    process.removeAllListeners(name);
  });
  process.kill(process.pid, signal);
}

function runInChild(root, node, entry, argv, flags) {
  var child = childProcess.spawn(node, flags.concat(entry, argv), {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: childEnvironment(root),
  });
  child.on('error', function (error) {
    install.refuse(
      install.refusal(
        'cannot run ' +
          node +
          ' (' +
          error.code +
          '). Install Node ' +
          install.NEEDED_MAJOR +
          ' or newer and use that.',
      ),
    );
  });
  child.on('exit', endLike);
  forwardSignals(child, flags.length > 0);
  endWithNpm(function () {
    child.kill('SIGTERM');
  });
}

/** Runs `entry` (relative to `root`) with `argv`; exit code and signal of a child become ours. */
function launch(root, entry, argv) {
  var file = path.join(root, entry);
  var flags = NODE_FLAGS[entry] || [];
  if (install.majorOf(process.version) >= install.NEEDED_MAJOR) return runHere(root, file, argv, flags);
  var found = install.findNode(root);
  if (found.path === null) throw install.refusal(found.message);
  return runInChild(root, found.path, file, argv, flags);
}

exports.launch = launch;
exports.compileCacheFolder = compileCacheFolder;
exports.NODE_FLAGS = NODE_FLAGS;
