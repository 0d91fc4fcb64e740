import { createHmac, createSecretKey } from 'node:crypto';
import { inspect } from 'node:util';
import {
  counter,
  gauge,
  histogram,
  type Recorder,
  type SeriesLabelValue,
  scope,
  setGlobalRecorder,
  withLocalRecorder,
} from '@ostinato/core';
import fc from 'fast-check';
import { commonLabels } from '../../src/layers/common-labels.ts';
import { fanout } from '../../src/layers/fanout.ts';
import { filter } from '../../src/layers/filter.ts';
import type { Layer } from '../../src/layers/layer.ts';
import { prefix } from '../../src/layers/prefix.ts';
import { type RedactOptions, redact } from '../../src/layers/redact.ts';
import { rename } from '../../src/layers/rename.ts';
import { route } from '../../src/layers/route.ts';
import { createRecorder } from '../../src/recorder.ts';
import { catchWarnings, makeKey, readAll } from '../support/series.ts';

const recorder = (...layers: readonly Layer[]) => createRecorder({ layers, maxMemory: 2 ** 20 });

function labelsBehind(options: RedactOptions, labels: Record<string, SeriesLabelValue>, name = 'c') {
  const one = recorder(redact(options));
  one.counter(makeKey(name, labels), {}).sink.increment(1);
  return readAll(one.reader().collect())[0]?.labels;
}

const hash = (text: string, key: string) => createHmac('sha256', key).update(text).digest('hex').slice(0, 16);

test('a dropped label is left out, and the series that only it told apart are one', () => {
  const one = recorder(redact({ drop: ['email'] }));
  for (const email of ['a@b', 'c@d']) one.counter(makeKey('c', { email, route: '/' }), {}).sink.increment(1);
  expect(readAll(one.reader().collect())).toMatchObject([{ labels: { route: '/' }, value: 2 }]);
});

test('a hashed label is the first 16 digits of its HMAC-SHA256, the same for a number and its text', () => {
  const options = { hash: { labels: ['user', 'owner'], key: 'secret' } };
  const seven = hash('7', 'secret');
  expect(labelsBehind(options, { user: 7, owner: '7', other: 7 })).toEqual({
    user: seven,
    owner: seven,
    other: 7,
  });
});

test('the key may be text, bytes or a secret KeyObject', () => {
  const keys = ['secret', Buffer.from('secret'), createSecretKey(Buffer.from('secret'))];
  for (const key of keys) {
    expect(labelsBehind({ hash: { labels: ['user'], key } }, { user: 'u' })).toEqual({
      user: hash('u', 'secret'),
    });
  }
});

test('an allow-list leaves what is listed for the metric, and nothing to a metric that is not listed', () => {
  const options = { allow: { 'http.**': ['route'], '**.duration': ['method', 'le'] } };
  const labels = { method: 'GET', route: '/', user: 'u' };
  expect(labelsBehind(options, labels, 'http.duration')).toEqual({ method: 'GET', route: '/' });
  expect(labelsBehind(options, labels, 'http.size')).toEqual({ route: '/' });
  expect(labelsBehind(options, labels, 'other')).toEqual({});
  expect(labelsBehind({ allow: {} }, labels)).toEqual({});
});

test('what is allowed may still be dropped or hashed', () => {
  const options = { drop: ['a'], hash: { labels: ['b'], key: 'k' }, allow: { '**': ['a', 'b'] } };
  expect(labelsBehind(options, { a: 1, b: 2, c: 3 })).toEqual({ b: hash('2', 'k') });
});

describe('the key is never shown', () => {
  const secret = 'hunter2-hunter2';
  const layer = redact({ hash: { labels: ['user'], key: secret } });
  const forms = [secret, Buffer.from(secret).toString('hex'), Buffer.from(secret).toString('base64')];

  test('by whatever prints the layer, or the clone another thread gets', () => {
    for (const one of [layer, structuredClone(layer)]) {
      const shown = [inspect(one, { depth: 9, showHidden: true }), JSON.stringify(one), String(one)].join();
      for (const form of forms) expect(shown).not.toContain(form);
    }
  });

  test('by the error for a key that is not possible', () => {
    for (const key of ['', new Uint8Array(0), 12345, { secret }, undefined, null]) {
      const make = () => redact({ hash: { labels: ['user'], key: key as never } });
      expect(make).toThrow(expect.objectContaining({ code: 'OSTINATO_INVALID_OPTION' }));
      expect(make).toThrow(/^redact: hash.key must be .*, got another value \(not shown\)$/);
    }
  });

  test('and a clone hashes as the layer does', () => {
    const [user] = [layer, structuredClone(layer)].map((one) => {
      const { key } = one.hash!;
      return labelsBehind({ hash: { labels: ['user'], key } }, { user: 'u' })?.user;
    });
    expect(user).toBe(hash('u', secret));
  });
});

test('without node:crypto a hash is refused at set-up, and the rest works', () => {
  const { getBuiltinModule } = process;
  process.getBuiltinModule = (() => undefined) as never;
  try {
    const make = () => redact({ hash: { labels: ['user'], key: 'k' } });
    expect(make).toThrow(expect.objectContaining({ code: 'OSTINATO_PLATFORM' }));
    expect(labelsBehind({ drop: ['email'] }, { email: 'a@b', a: 1 })).toEqual({ a: 1 });
  } finally {
    process.getBuiltinModule = getBuiltinModule;
  }
});

test('a redacted value is in no series, warning or refusal, however the recorder is installed', async () => {
  const caught = catchWarnings();
  const value = fc.string({ minLength: 6, maxLength: 20, unit: fc.constantFrom(...'ABCDEFGHIJ@ 💶') });
  const others: readonly Layer[] = [
    prefix('shop'),
    commonLabels({ region: 'eu', email: 'none' }),
    filter({ directives: 'trace' }),
    rename({ requests: 'calls' }, { labels: { route: 'path', user: 'user' } }),
  ];
  const installs: readonly ((recorder: Recorder, fn: () => void) => void)[] = [
    (recorder, fn) => {
      const { uninstall } = setGlobalRecorder(recorder);
      fn();
      uninstall();
    },
    (recorder, fn) => withLocalRecorder(recorder, fn),
    (recorder, fn) => withLocalRecorder(recorder, () => withLocalRecorder(recorder, fn)),
  ];
  const property = fc.property(
    fc.shuffledSubarray([...others]),
    fc.nat({ max: others.length }),
    fc.constantFrom(...installs),
    fc.array(value, { minLength: 1, maxLength: 8 }),
    fc.boolean(),
    (shuffled, at, install, values, early) => {
      const layer = redact({
        drop: ['email'],
        hash: { labels: ['user'], key: 'k' },
        allow: { '**': ['route', 'path', 'user', 'region', 'email'] },
      });
      const [behind, aside] = [recorder(), recorder()];
      const layers = [...shuffled];
      layers.splice(at, 0, layer);
      const one = recorder(...layers, fanout(behind), route({ 'shop.requests': aside }));
      const record = (email: string) => {
        const labels = { email, user: email, card: email, route: '/' };
        for (const from of [scope({ name: 'ostinato' }), scope({ name: 'other', labels: { card: email } })]) {
          from.counter('requests', labels).increment();
          from.counter('requests', labels).increment(Number.NaN);
          from.gauge('open', labels).set(1);
          from.histogram('size', labels).record(1);
        }
      };
      const held = [counter('requests', { email: values[0]! }), gauge('open', { card: values[0]! })] as const;
      const heldHistogram = histogram('size', { user: values[0]! });
      if (early) for (const value of values) record(value);
      install(one, () => {
        for (const value of values) record(value);
        held[0].increment();
        held[1].set(1);
        heldHistogram.record(1);
      });
      const seen = [one, behind, aside].flatMap((each) => readAll(each.reader().collect()));
      expect(seen.length).toBeGreaterThan(0);
      const text = JSON.stringify([
        seen.map(({ name, scope, labels, key }) => [name, scope, labels, key]),
        one.refusals(),
        caught.warnings,
      ]);
      for (const value of values) expect(text).not.toContain(JSON.stringify(value).slice(1, -1));
    },
  );
  try {
    fc.assert(property, { numRuns: 150 });
  } finally {
    caught.stop();
  }
});
