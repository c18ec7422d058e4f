import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringifyJson } from './json.ts';
import { parseYaml, type YamlLimits } from './yaml.ts';

function value(text: string): unknown {
  const parsed = parseYaml(text);
  if (!parsed.ok) throw new Error(`${parsed.what} (${parsed.line}:${parsed.column})`);
  return parsed.value;
}

function failure(text: string, limits?: YamlLimits): string {
  const parsed = parseYaml(text, limits);
  return parsed.ok ? 'ok' : `${parsed.line}:${parsed.column} ${parsed.what}`;
}

const SECRET = 'canary-71d2';

describe('parseYaml', () => {
  it('reads what a person writes, comments and all', () => {
    const text = [
      '# all of ours',
      'sites:',
      '  - url: https://a.example/ # the shop',
      '    every: 60',
      "    texts: [one, \"two, too\", 'it''s']",
      '',
      '  # not yet',
      '  -   url: https://b.example/a#b',
      '      note: |',
      '        two',
      '        lines',
      '      folded: >-',
      '        one',
      '        line',
      '      empty:',
    ].join('\n');
    expect(value(text)).toEqual({
      sites: [
        { url: 'https://a.example/', every: 60, texts: ['one', 'two, too', "it's"] },
        { url: 'https://b.example/a#b', note: 'two\nlines\n', folded: 'one line', empty: null },
      ],
    });
    expect(value(text.replaceAll('\n', '\r\n'))).toEqual(value(text));
    expect([value(''), value('# nothing'), value('--- x'), value('%YAML 1.2\n---\n[1]')]).toEqual([
      null,
      null,
      'x',
      [1],
    ]);
  });

  it('takes only the words of version 1.2 for values', () => {
    const words = '[no, on, y, ~, null, true, False, 1e3, 012, 0x1F, 0o17, +5, 1_000, 12:30, 2024-01-31, .5, "7"]';
    const read = [
      'no',
      'on',
      'y',
      null,
      null,
      true,
      false,
      1000,
      12,
      31,
      15,
      5,
      '1_000',
      '12:30',
      '2024-01-31',
      0.5,
      '7',
    ];
    expect(value(words)).toEqual(read);
    expect(failure('%YAML 1.1\n---\n[no]')).toMatch(/^1:1 says that it is of another version/);
  });

  it('keeps 64-bit integers exact, and refuses numbers beyond', () => {
    expect(value('[9007199254740991, 9007199254740993, 9223372036854775807, -9223372036854775808]')).toEqual([
      9007199254740991,
      9007199254740993n,
      2n ** 63n - 1n,
      -(2n ** 63n),
    ]);
    for (const number of [
      '9223372036854775808',
      '0xFFFFFFFFFFFFFFFFF',
      '1e400',
      '.inf',
      '-.INF',
      '.nan',
      '9'.repeat(9_999),
    ]) {
      expect(failure(`- a: ${number}`)).toMatch(/^1:6 has a number beyond 64 bits/);
    }
  });

  it('repeats what has an anchor, and merges maps', () => {
    const text = [
      'defaults: &usual { every: 300, texts: &texts [a, b] }',
      'sites:',
      '  - { url: x, <<: *usual }',
      '  - { <<: [{ every: 60 }, *usual], url: &url y }',
      '  - { url: *url, texts: *texts, "<<": told }',
    ].join('\n');
    expect(value(text)).toMatchObject({
      sites: [
        { url: 'x', every: 300, texts: ['a', 'b'] },
        { url: 'y', every: 60, texts: ['a', 'b'] },
        { url: 'y', texts: ['a', 'b'], '<<': 'told' },
      ],
    });
    expect(failure('a: &x 1\nb: { <<: *x }')).toBe('2:6 merges (<<) what is not a map');
  });

  it('reads every document of JSON as JSON is read', () => {
    const name = fc.string({ unit: 'binary' }).filter((text) => !/^(?:__proto__|constructor|prototype)$/.test(text));
    const { document } = fc.letrec((tie) => ({
      document: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(
          null,
          true,
          false,
          'no',
          '~',
          '1e3',
          ': x',
          '- x',
          '#',
          ' x ',
          'a\n\n b\t\n',
          '\u0085\u2028\ufeff',
        ),
        fc.string({ unit: 'binary' }),
        fc.integer(),
        fc.constant(2n ** 63n - 1n),
        fc.array(tie('document'), { maxLength: 4 }),
        fc.dictionary(name, tie('document'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(document, (given) => {
        expect(value(stringifyJson(given))).toEqual(given);
      }),
    );
  });
});

describe('a file of YAML that is not right is refused by name, place and cause', () => {
  it.each([
    ['a: 1\nb: 2\na: 3', '3:1 has the name "a" twice in one map'],
    ['{"x": 1, x: 2}', '1:10 has the name "x" twice in one map'],
    ['a: &x {b: 1}\nc:\n  <<: *x\n  <<: *x', '4:3 has the name "<<" twice in one map'],
    ['a:\n  __proto__: {admin: true}', '2:3 has the name "__proto__", which is not allowed'],
    ['- "\\u005f_proto__": 1', '1:3 has the name "__proto__", which is not allowed'],
    ['a: &x {b: 1}\nc: {<<: {constructor: 1}}', '2:10 has the name "constructor", which is not allowed'],
    ['a: !Env TOKEN', '1:9 has the tag "!Env", and no tags of one\'s own are read'],
    ['a: !!js/function "x"', '1:18 has the tag "tag:yaml.org,2002:js/function", and no tags of one\'s own are read'],
    ['a: !!binary aGk=', '1:13 has the tag "tag:yaml.org,2002:binary", and no tags of one\'s own are read'],
    ['a: !<tag:x.example,2020:y> {}', '1:28 has the tag "tag:x.example,2020:y", and no tags of one\'s own are read'],
    ['a: !x!y z', '1:4 has the tag "!x!y", which is not read'],
    ['1: x', '1:1 has a name that is not a text'],
    ['? [a]\n: x', '1:3 has a name that is not a text'],
    ['a: *x', '1:4 has the alias "*x" without an anchor before it'],
    ['a: &x [*x]', '1:8 has the alias "*x" without an anchor before it'],
    ['a:\n\t- b', '2:1 is indented with a tab'],
    ['a:\n   b: 1\n  c: 2', '3:1 is indented wrongly, or stands in brackets that were not closed'],
    ['a: "x\nb: 2', '2:5 lacks a quote, a bracket, a comma or a colon'],
    ['a: [1, 2\nb: 3', '2:1 is indented wrongly, or stands in brackets that were not closed'],
    [`a: ${SECRET}: x`, '1:4 has a map where one value was to come'],
    [`a: \`${SECRET}`, '1:4 has a text that begins with a sign of YAML'],
    [`a: "${SECRET}\\q"`, '1:16 has an escape that YAML does not know'],
    ['a: 1\n---\nb: 2', '2:1 holds more than one document'],
    [`a: 1\n${SECRET}`, '2:1 lacks a quote, a bracket, a comma or a colon'],
  ])('%j', (text, told) => {
    const found = failure(text);
    expect(found).toBe(told);
    expect(found).not.toContain(SECRET);
  });
});

describe('what grows out of all proportion is refused before it has grown', () => {
  it('aliases of aliases of aliases', () => {
    const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let n = 1; n < 12; n += 1) bomb.push(`a${n}: &a${n} [${`*a${n - 1}, `.repeat(9)}]`);
    expect(failure(bomb.join('\n'))).toMatch(/^\d+:\d+ holds more than 1000000 values, those that aliases repeat/);
    const merging = ['m0: &m0 {k0: 1}'];
    for (let n = 1; n < 40; n += 1) merging.push(`m${n}: &m${n} {<<: [{k${n}: *m${n - 1}}, *m${n - 1}]}`);
    expect(failure(merging.join('\n'))).toMatch(/^\d+:\d+ (?:holds more than 1000000 values|is nested too deeply)/);
    expect(failure('[a, b, c]', { maxValues: 3 })).toMatch(/^1:8 holds more than 3 values/);
  });

  it('depth, by brackets, by dashes or by aliases', () => {
    expect(failure('['.repeat(16) + ']'.repeat(16))).toBe('ok');
    expect(failure('['.repeat(17) + ']'.repeat(17))).toBe('1:17 is nested too deeply');
    expect(failure(`a: ${'- '.repeat(3)}x`)).not.toBe('ok');
    expect(failure(`${'- '.repeat(17)}x`)).toBe('1:33 is nested too deeply');
    for (const deep of ['[', '{a: ', '- ', '? ', '[{? ']) expect(failure(deep.repeat(5_000))).not.toBe('ok');
    const chain = ['a0: &a0 [x]'];
    for (let n = 1; n < 30; n += 1) chain.push(`a${n}: &a${n} [*a${n - 1}]`);
    expect(failure(chain.join('\n'))).toMatch(/^16:\d+ is nested too deeply/);
  });

  it('signs, before anything is made of them', () => {
    expect(failure('a: [1]', { maxSigns: 20 })).toBe('ok');
    for (const text of ['[', '- ', ': ', '}\n', '---\n', 'a: 1\n']) {
      expect(failure(text.repeat(1_000), { maxSigns: 500 })).toMatch(
        / (?:holds more names, values and signs|holds more than one doc)/,
      );
    }
  });

  it('one map of very many names takes its time once for each', () => {
    const names = Array.from({ length: 50_000 }, (_, n) => `n${n}: 1`).join('\n');
    expect(Object.keys(value(names) as object)).toHaveLength(50_000);
  }, 20_000);
});
