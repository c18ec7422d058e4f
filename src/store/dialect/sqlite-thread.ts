/**
 * The thread of the embedded database: whatever the disk does, only this thread waits for it. One connection writes, one
 * reads, so that reads see what is committed while a transaction is open; a snapshot has a connection of its own.
 */
import type { DatabaseSync } from 'node:sqlite';
import { parentPort } from 'node:worker_threads';
import { openReader, openWriter } from './sqlite-file.ts';
import { type Answer, failureOf, type Order, READER, type Reply, WRITER } from './sqlite-messages.ts';
import { type Cursor, createStatements, type Statements, type TableChanges } from './sqlite-statements.ts';

type Handle = { file: DatabaseSync; statements: Statements };

if (parentPort === null) throw new Error('sqlite-thread.ts runs as a worker thread only');
const port = parentPort;
const handles = new Map<number, Handle>();
const cursors = new Map<number, Cursor>();
const tableChanges: TableChanges = { count: 0 };
let path = '';
/** A connection whose snapshot was ended. */
let spare: Handle | null = null;

const DONE: Answer = { kind: 'done' };

port.on('message', (order: Order & { id: number }) => send(replyTo(order)));

function replyTo({ id, ...order }: Order & { id: number }): Reply {
  try {
    return { id, ...answerTo(order) };
  } catch (error) {
    return { id, kind: 'failed', failure: failureOf(error) };
  }
}

function answerTo(order: Order): Answer {
  switch (order.kind) {
    case 'run':
      return handleOf(order.handle).statements.run(order.sql, order.parameters);
    case 'pack':
      return handleOf(order.handle).statements.pack(order.sql, order.parameters, order.kinds);
    case 'open':
      return open(order.path, order.companion);
    case 'snapshot':
      return startSnapshot(order.handle);
    case 'endSnapshot':
      return endSnapshot(order.handle);
    case 'openCursor':
      cursors.set(order.cursor, handleOf(order.handle).statements.openCursor(order.sql, order.parameters));
      return DONE;
    case 'fetch':
      return cursors.get(order.cursor)?.read(order.maxRows) ?? DONE;
    case 'closeCursor':
      cursors.get(order.cursor)?.close();
      cursors.delete(order.cursor);
      return DONE;
    case 'close':
      return close();
  }
}

function open(file: string, companion: string): Answer {
  path = file;
  keep(WRITER, openWriter(path, companion));
  try {
    keep(READER, openReader(path));
  } catch (error) {
    close();
    throw error;
  }
  return DONE;
}

/** SQLite takes the state of the first read, not that of the beginning. */
function startSnapshot(handle: number): Answer {
  const own = spare ?? connectionTo(openReader(path));
  spare = null;
  handles.set(handle, own);
  try {
    own.file.exec('BEGIN');
    own.file.exec('SELECT 1 FROM sqlite_master LIMIT 1');
  } catch (error) {
    end(handle);
    throw error;
  }
  return DONE;
}

/** One connection is kept for the next: to open one is to read what the file says of all its tables. */
function endSnapshot(handle: number): Answer {
  const own = handles.get(handle);
  if (own === undefined || spare !== null) return end(handle);
  try {
    own.file.exec('ROLLBACK');
  } catch {
    return end(handle);
  }
  handles.delete(handle);
  spare = own;
  return DONE;
}

/** The writer goes last: the last one to leave writes the log back to the file, and a reader may not. */
function close(): Answer {
  for (const cursor of cursors.values()) cursor.close();
  cursors.clear();
  spare?.file.close();
  spare = null;
  for (const handle of [...handles.keys()].sort((a, b) => b - a)) end(handle);
  return DONE;
}

function keep(handle: number, file: DatabaseSync): void {
  handles.set(handle, connectionTo(file));
}

function connectionTo(file: DatabaseSync): Handle {
  return { file, statements: createStatements(file, tableChanges) };
}

function end(handle: number): Answer {
  handles.get(handle)?.file.close();
  handles.delete(handle);
  return DONE;
}

function handleOf(handle: number): Handle {
  const found = handles.get(handle);
  if (found === undefined) throw new Error('this connection to the database has been closed');
  return found;
}

function send(reply: Reply): void {
  port.postMessage(reply);
}
