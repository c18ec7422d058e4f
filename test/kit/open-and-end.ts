/** Opens the database named in argv, asks it one thing without waiting, and leaves it open: the process must end by itself. */
import { openDatabase } from '../../src/store/database.ts';

const db = await openDatabase({ url: process.argv[2] ?? '' });
void db.kysely
  .insertInto('jetmon_sequences')
  .values({ name: 'asked', next_value: 1 })
  .execute()
  .then(() => process.stdout.write('answered'));
