'use strict';
// Builds the page of web/ into web/dist when what it is made of has changed. Old syntax, see install.cjs.

var childProcess = require('child_process');
var crypto = require('crypto');
var fs = require('fs');
var path = require('path');
var install = require('./install.cjs');

/** What the page is made of: folders and files, relative to the root. */
var SOURCES = ['web', 'src/client', 'src/contracts', 'src/domain', 'src/lib', 'package-lock.json'];
var LIMIT_MS = 5 * 60 * 1000;

function isSkipped(name) {
  return name === 'node_modules' || name === 'dist' || /^\.dist-/.test(name) || /\.test\.tsx?$/.test(name);
}

function list(root, relative, into) {
  var file = path.join(root, relative);
  var stat;
  try {
    stat = fs.statSync(file);
  } catch (_) {
    return into;
  }
  if (!stat.isDirectory()) {
    into.push(relative + ' ' + stat.size + ' ' + stat.mtimeMs);
    return into;
  }
  fs.readdirSync(file)
    .sort()
    .forEach(function (name) {
      if (!isSkipped(name)) list(root, relative + '/' + name, into);
    });
  return into;
}

/** Names the state of the sources by size and time of change, which is quick and errs only towards building again. */
function fingerprint(root) {
  var lines = SOURCES.reduce(function (into, source) {
    return list(root, source, into);
  }, []);
  return crypto.createHash('sha256').update(lines.join('\n')).digest('hex') + '\n';
}

function stampOf(root) {
  try {
    return fs.readFileSync(path.join(root, 'web', 'dist', '.stamp'), 'utf8');
  } catch (_) {
    return '';
  }
}

function removeTree(dir) {
  if (!fs.existsSync(dir)) return;
  fs.readdirSync(dir).forEach(function (name) {
    var file = path.join(dir, name);
    if (fs.lstatSync(file).isDirectory()) removeTree(file);
    else fs.unlinkSync(file);
  });
  fs.rmdirSync(dir);
}

function swapIn(fresh, dist, old) {
  if (fs.existsSync(dist)) fs.renameSync(dist, old);
  fs.renameSync(fresh, dist);
  removeTree(old);
}

/** Builds when stale; returns true when it did. A page that cannot be written is told, not fatal: the server runs without. */
function buildPage(root, node) {
  var web = path.join(root, 'web');
  if (!fs.existsSync(path.join(web, 'index.html'))) return false;
  var print = fingerprint(root);
  if (print === stampOf(root)) return false;
  try {
    fs.accessSync(web, fs.constants.W_OK);
  } catch (error) {
    process.stderr.write('jetmon2: the page was not built: ' + web + ' is not writable (' + error.code + ').\n');
    return false;
  }
  var startMs = Date.now();
  process.stderr.write('jetmon2: building the page...\n');
  var fresh = path.join(web, '.dist-' + process.pid);
  var vite = path.join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  var ran = childProcess.spawnSync(
    node,
    [vite, 'build', 'web', '--outDir', fresh, '--emptyOutDir', '--logLevel', 'warn'],
    {
      cwd: root,
      stdio: ['ignore', 2, 2],
      timeout: LIMIT_MS,
    },
  );
  if (ran.error || ran.status !== 0) {
    removeTree(fresh);
    var why = ran.error ? ran.error.code : ran.signal || 'exit ' + ran.status;
    throw install.refusal(
      'the page in web/ does not build (' + why + '). The message above says where; mend it and run again.',
    );
  }
  fs.writeFileSync(path.join(fresh, '.stamp'), print);
  swapIn(fresh, path.join(web, 'dist'), path.join(web, '.dist-old-' + process.pid));
  process.stderr.write('jetmon2: page built in ' + ((Date.now() - startMs) / 1000).toFixed(1) + ' s\n');
  return true;
}

exports.buildPage = buildPage;
