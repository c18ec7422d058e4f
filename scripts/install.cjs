'use strict';
// Brings node_modules in step with package-lock.json and finds a Node new enough. Old syntax on purpose: this runs
// before the pinned Node is there, on whatever Node the machine has. npm runs no pre/post scripts here (ignore-scripts),
// so the commands call this themselves.

var childProcess = require('child_process');
var crypto = require('crypto');
var fs = require('fs');
var os = require('os');
var path = require('path');

var NEEDED_MAJOR = 24;
var STAMP = '.jetmon-installed';
var LOCK = '.installing';
var LOCK_WAIT_MS = 10 * 60 * 1000;
var INSTALL_LIMIT_MS = 15 * 60 * 1000;
var POLL_MS = 200;

/** A refusal in one line for a person: the thing, the cause, the fix. Exit code 2. */
function refusal(message) {
  var error = new Error(message);
  error.plain = true;
  return error;
}

/** Prints a refusal as its one line, anything else with its stack, and ends the process with 2 or 1. */
function refuse(error) {
  process.stderr.write('jetmon2: ' + (error && error.plain ? error.message : (error && error.stack) || error) + '\n');
  process.exit(error && error.plain ? 2 : 1);
}

function readText(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw refusal('cannot read ' + file + ' (' + error.code + '). Make it readable for this user.');
  }
}

function majorOf(version) {
  return Number(/^v?(\d+)/.exec(version)[1]);
}

function pinnedName() {
  return process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64')
    ? 'node-linux-' + process.arch
    : null;
}

/** Path of the Node that package.json pins for this platform, or null when there is none or it is not installed. */
function pinnedNode(root) {
  var name = pinnedName();
  if (name === null) return null;
  var folders = [path.join(root, 'node_modules')];
  // As a package among others: what it depends on lies beside it.
  if (path.basename(path.dirname(root)) === 'node_modules') folders.push(path.dirname(root));
  return (
    folders
      .map(function (folder) {
        return path.join(folder, name, 'bin', 'node');
      })
      .filter(fs.existsSync)[0] || null
  );
}

/** `{ path, message }`: the Node to run the program with; path null and a plain message when there is none. */
function findNode(root) {
  var file = pinnedNode(root);
  if (file === null && majorOf(process.version) >= NEEDED_MAJOR) file = process.execPath;
  if (file !== null) return { path: file, message: '' };
  return {
    path: null,
    message:
      'needs Node ' +
      NEEDED_MAJOR +
      ' or newer; this is ' +
      process.version +
      ' on ' +
      process.platform +
      ' ' +
      process.arch +
      ', for which no Node comes along. Install Node ' +
      NEEDED_MAJOR +
      ' and run the command again.',
  };
}

/** True when what npm says it installed is what the lockfile asks for on this platform. */
function matchesLockfile(lockText, installedText, wants) {
  var wanted = JSON.parse(lockText).packages || {};
  var installed;
  try {
    installed = JSON.parse(installedText).packages || {};
  } catch (_) {
    return false;
  }
  return Object.keys(wanted).every(function (key) {
    var want = wanted[key];
    if (key === '' || (want.dev && wants === 'runtime')) return true;
    if (want.optional && !isForThisPlatform(want)) return true;
    var have = installed[key];
    return have !== undefined && have.version === want.version && have.integrity === want.integrity;
  });
}

function isForThisPlatform(entry) {
  if (entry.libc || (!entry.os && !entry.cpu)) return false;
  return (!entry.os || entry.os.indexOf(process.platform) >= 0) && (!entry.cpu || entry.cpu.indexOf(process.arch) >= 0);
}

/** True when node_modules serves; an install made by hand is adopted by writing our stamp for it. */
function isInStep(root, wants) {
  var lockText = readText(path.join(root, 'package-lock.json'));
  if (lockText === null) throw refusal('there is no package-lock.json in ' + root + '. Clone the project again.');
  var name = pinnedName();
  if (name !== null && lockText.indexOf('"node_modules/' + name + '"') >= 0 && pinnedNode(root) === null) return false;
  var stamp = readText(path.join(root, 'node_modules', STAMP));
  var key = stampKey(lockText);
  if (stamp === key + ' all\n' || (wants === 'runtime' && stamp === key + ' runtime\n')) return true;
  var installedText = readText(path.join(root, 'node_modules', '.package-lock.json'));
  if (installedText === null || !matchesLockfile(lockText, installedText, wants)) return false;
  writeStamp(root, key, matchesLockfile(lockText, installedText, 'all') ? 'all' : 'runtime');
  return true;
}

function stampKey(lockText) {
  return crypto.createHash('sha256').update(lockText).digest('hex') + ' ' + process.platform + '-' + process.arch;
}

function writeStamp(root, key, wants) {
  try {
    fs.writeFileSync(path.join(root, 'node_modules', STAMP), key + ' ' + wants + '\n');
  } catch (_) {
    // A checkout that is read-only for this user only costs the comparison again next time.
  }
}

/** The command that starts npm: the one that runs us when there is one, else the first on the PATH. */
function npmCommand() {
  var cli = process.env.npm_execpath;
  return cli && /npm-cli\.js$/.test(cli) && fs.existsSync(cli) ? [process.execPath, cli] : ['npm'];
}

function runNpm(root, opts) {
  var command = opts.npm || npmCommand();
  var args = [
    'ci',
    '--ignore-scripts',
    '--include=dev',
    '--include=optional',
    '--engine-strict=false',
    '--loglevel=error',
  ];
  var ran = childProcess.spawnSync(command[0], command.slice(1).concat(args), {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
    timeout: opts.limitMs || INSTALL_LIMIT_MS,
    env: withoutLocalPrefix(process.env),
  });
  if (!ran.error && ran.status === 0) return;
  if (ran.error && ran.error.code === 'ENOENT') {
    throw refusal('cannot install dependencies: npm is not on the PATH. Install npm (it comes with Node.js).');
  }
  var output = String(ran.stderr || '') + String(ran.stdout || '');
  if (ran.error && ran.error.code === 'ETIMEDOUT') throw refusal(explain(root, 'ETIMEDOUT'));
  if (output) process.stderr.write(output.split('\n').slice(-30).join('\n'));
  var code = /^npm (?:error|ERR!) code (\S+)/m.exec(output);
  throw refusal(explain(root, code ? code[1] : ran.signal || 'exit ' + ran.status));
}

// npm run exports the folder it was called in; npm ci must go by `cwd`.
function withoutLocalPrefix(env) {
  var copy = Object.assign({}, env);
  delete copy.npm_config_local_prefix;
  delete copy.npm_config_prefix;
  return copy;
}

var NETWORK = ['EAI_AGAIN', 'ENOTFOUND', 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'ENETUNREACH', 'EHOSTUNREACH'];
var NETWORK_NPM = ['ERR_SOCKET_TIMEOUT', 'FETCH_ERROR', 'E502', 'E503', 'E504'];
var NOT_WRITABLE = ['EACCES', 'EPERM', 'EROFS'];

function explain(root, code) {
  if (NETWORK.concat(NETWORK_NPM).indexOf(code) >= 0) {
    return (
      'cannot install dependencies: the npm registry is out of reach (' +
      code +
      '). Check the network or proxy and run the command again.'
    );
  }
  if (NOT_WRITABLE.indexOf(code) >= 0) {
    return (
      'cannot install dependencies: ' +
      root +
      ' is not writable for this user (' +
      code +
      '). Run `npm ci` there as its owner, or clone into a folder of your own.'
    );
  }
  if (code === 'ENOSPC')
    return 'cannot install dependencies: the disk is full (ENOSPC). Free some space and run the command again.';
  if (code === 'EUSAGE') {
    return 'cannot install dependencies: package-lock.json does not fit package.json. Undo the change to either, or run `npm install`.';
  }
  return (
    'cannot install dependencies: `npm ci` failed (' +
    code +
    '). Its last words are above; run `npm ci` to see them all.'
  );
}

function sleep(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function removeFolder(dir) {
  try {
    fs.unlinkSync(path.join(dir, 'pid'));
  } catch (_) {
    // Gone already: what matters is that the folder goes.
  }
  try {
    fs.rmdirSync(dir);
  } catch (_) {
    // The same.
  }
}

/** One installer at a time: a folder that carries the pid of its owner, put in place by one atomic rename. */
function takeLock(root, opts) {
  var lock = path.join(root, LOCK);
  var own = lock + '-' + process.pid;
  try {
    removeFolder(own);
    fs.mkdirSync(own);
    fs.writeFileSync(path.join(own, 'pid'), String(process.pid));
  } catch (error) {
    throw refusal(explain(root, error.code));
  }
  var untilMs = Date.now() + (opts.lockWaitMs || LOCK_WAIT_MS);
  var told = false;
  for (;;) {
    if (tryRename(own, lock)) return lock;
    var holder = Number(readText(path.join(lock, 'pid')) || 0);
    if (holder > 0 && !isAlive(holder)) {
      takeStaleAway(lock, holder);
      continue;
    }
    if (Date.now() > untilMs) {
      removeFolder(own);
      throw refusal('another installation (process ' + holder + ') does not end. End it, or remove ' + lock + '.');
    }
    if (!told) opts.log('another process (' + holder + ') is installing dependencies, waiting for it...');
    told = true;
    sleep(POLL_MS);
  }
}

function tryRename(from, to) {
  try {
    fs.renameSync(from, to);
    return true;
  } catch (error) {
    if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST') return false;
    throw refusal(explain(path.dirname(to), error.code));
  }
}

// Between the look and the rename another waiter may have taken over: then what we moved is live and goes back.
function takeStaleAway(lock, holder) {
  var aside = lock + '-stale-' + process.pid;
  try {
    fs.renameSync(lock, aside);
  } catch (_) {
    return;
  }
  if (Number(readText(path.join(aside, 'pid')) || 0) !== holder && tryRename(aside, lock)) return;
  removeFolder(aside);
}

/**
 * Makes node_modules serve this checkout; returns true when it had to install. `opts.wants`: `all` (default) or
 * `runtime` (what the program itself needs). Throws a refusal with one clear line. stdout stays untouched.
 */
function ensureInstalled(root, options) {
  var opts = Object.assign({ wants: 'all', log: toStderr }, options);
  if (isInStep(root, opts.wants)) return false;
  var lock = takeLock(root, opts);
  try {
    if (isInStep(root, opts.wants)) return false;
    var startMs = Date.now();
    opts.log('first run: installing dependencies (about half a minute)...');
    runNpm(root, opts);
    writeStamp(root, stampKey(readText(path.join(root, 'package-lock.json'))), 'all');
    opts.log('dependencies installed in ' + ((Date.now() - startMs) / 1000).toFixed(1) + ' s');
    return true;
  } finally {
    removeFolder(lock);
  }
}

function toStderr(line) {
  process.stderr.write('jetmon2: ' + line + os.EOL);
}

exports.ensureInstalled = ensureInstalled;
exports.findNode = findNode;
exports.isInStep = isInStep;
exports.majorOf = majorOf;
exports.refusal = refusal;
exports.refuse = refuse;
exports.NEEDED_MAJOR = NEEDED_MAJOR;
