import { expect, it } from 'vitest';
import { parseCsv, writeCsv } from './csv.ts';

it('reads what it wrote, whatever stands in the fields', () => {
  const rows = [
    ['url', 'note'],
    ['https://a.example/', 'said "hello", and left\r\nsoon'],
    [' space ', ''],
    ['', 'x'],
  ];
  expect(parseCsv(writeCsv(rows))).toEqual(rows);
});

it('takes line ends of any system, a byte order mark and a last line without an end', () => {
  expect(parseCsv('\uFEFFa,b\r\n1,2\r3,4\n\n5,')).toEqual([
    ['a', 'b'],
    ['1', '2'],
    ['3', '4'],
    ['5', ''],
  ]);
});

it('refuses a quote that is never closed and text after one that is', () => {
  expect(parseCsv('a\n"b')).toBeNull();
  expect(parseCsv('"a"b,c')).toBeNull();
});
