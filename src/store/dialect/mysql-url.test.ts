import { describe, expect, it } from 'vitest';
import { AppError } from '../../domain/errors.ts';
import { isSupported } from './mysql-session.ts';
import { parseMysqlUrl } from './mysql-url.ts';

describe('the URL of a MySQL database', () => {
  it('names host, port, database and who asks, each decoded', () => {
    expect(parseMysqlUrl('mysql://us%40er:p%3A%2F%23w@db.example:3307/jetmon_db')).toEqual({
      host: 'db.example',
      port: 3_307,
      user: 'us@er',
      password: 'p:/#w',
      database: 'jetmon_db',
      tls: false,
      name: 'db.example:3307/jetmon_db',
    });
  });

  it('has a usual port, may be of MariaDB, over IPv6, and encrypted', () => {
    expect(parseMysqlUrl('mariadb://root@[::1]/x?ssl=on')).toMatchObject({
      host: '::1',
      port: 3_306,
      password: '',
      tls: true,
      name: '[::1]:3306/x',
    });
  });

  it.each([
    'mysql://root:hunter2@host',
    'mysql://root:hunter2@host/a/b',
    'mysql://root:hunter2@/x',
    'mysql:x',
    'mysql://root:hunter2@host:99999/x',
    'mysql://root:hunter2%@host/x',
    'mysql://root:hunter2@host/x?multipleStatements=true',
    'mysql://root:hunter2@host/x?ssl=hunter2',
    'mysql://root@host/x#hunter2',
  ])('is refused as %s, without a word of what is in it', (url) => {
    try {
      parseMysqlUrl(url);
      expect.fail('it was taken');
    } catch (error) {
      expect(error).toMatchObject({ code: 'database_unsupported' });
      expect(error instanceof AppError && `${error.message} ${error.fix}`).not.toContain('hunter2');
    }
  });
});

it('takes MySQL 8 and MariaDB 10.6, and what is newer', () => {
  const versions = ['8.0.36', '8.4.0', '9.1.0', '10.6.0-MariaDB', '10.11.19-MariaDB-0+deb12u1', '11.4.2-MariaDB'];
  expect(versions.map(isSupported)).toEqual(versions.map(() => true));
  const old = ['5.7.44-log', '5.5.5', '10.5.28-MariaDB', '10.1.1-mariadb', '', 'nonsense'];
  expect(old.map(isSupported)).toEqual(old.map(() => false));
});
