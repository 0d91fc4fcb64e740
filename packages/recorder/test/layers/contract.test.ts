import { type ContractSeries, type ContractSubject, readSnapshot, recorderContract } from '@ostinato/testing';
import { commonLabels } from '../../src/layers/common-labels.ts';
import { fanout } from '../../src/layers/fanout.ts';
import { filter } from '../../src/layers/filter.ts';
import type { Layer } from '../../src/layers/layer.ts';
import { prefix } from '../../src/layers/prefix.ts';
import { redact } from '../../src/layers/redact.ts';
import { rename } from '../../src/layers/rename.ts';
import { route } from '../../src/layers/route.ts';
import { type AtomicRecorder, createRecorder } from '../../src/recorder.ts';

const plain = (layers: readonly Layer[] = []) => createRecorder({ layers, maxMemory: 4 * 1024 * 1024 });

/** A subject that records through `recorder` and is read from `store`; `undo` takes back what the layers did. */
function subject(
  recorder: AtomicRecorder,
  undo: (series: ContractSeries) => ContractSeries = (series) => series,
  store = recorder,
): ContractSubject {
  const reader = store.reader();
  return {
    recorder,
    read: () => readSnapshot(reader.collect()).map(undo),
    refused: (reason) => store.refusals()[reason] ?? 0,
  };
}

type Labels = ContractSeries['labels'];

const unprefixed = (series: ContractSeries) => ({ ...series, name: series.name.replace(/^shop\./, '') });
const unlabelled = (series: ContractSeries) => {
  const { region, ...labels } = series.labels;
  expect(region).toBe('eu');
  return { ...series, labels };
};
const back = new Map(Object.entries({ index: 'i', z: 'a', sorted: 'series', what: 'code' }));
const unrenamed = (series: ContractSeries) => {
  const labels = Object.entries(series.labels).map(
    ([label, value]) => [back.get(label) ?? label, value] as const,
  );
  return { ...series, labels: Object.fromEntries(labels.sort(([a], [b]) => (a < b ? -1 : 1))) as Labels };
};
const renaming = rename({}, { labels: Object.fromEntries([...back].map(([to, from]) => [from, to])) });
const redacting = redact({ drop: ['email'], hash: { labels: ['user'], key: 'secret' } });
const admitting = filter({ allow: ['**'], deny: ['nothing'], directives: 'trace,other=off' });

const stacks: Readonly<Record<string, () => ContractSubject>> = {
  prefix: () => subject(plain([prefix('shop')]), unprefixed),
  filter: () => subject(plain([admitting])),
  commonLabels: () => subject(plain([commonLabels({ region: 'eu' })]), unlabelled),
  rename: () => subject(plain([renaming]), unrenamed),
  redact: () => subject(plain([redacting])),
  'route, on the way that goes on': () => subject(plain([route({ elsewhere: plain() })])),
  'route, on the other way': () => {
    const other = plain();
    return subject(plain([prefix('shop'), route({ shop: other })]), unprefixed, other);
  },
  'fanout, at the recorder itself': () => subject(plain([fanout(plain())])),
  'fanout, at another one': () => {
    const other = plain();
    return subject(plain([fanout(other, plain())]), undefined, other);
  },
  'all of them': () => {
    const layers = [
      redacting,
      commonLabels({ region: 'eu' }),
      fanout(plain()),
      renaming,
      admitting,
      prefix('shop'),
    ];
    return subject(plain(layers), (series) => unprefixed(unlabelled(unrenamed(series))));
  },
  'all of them, at the end of a route and a fanout': () => {
    const other = plain([renaming, fanout(plain())]);
    const layers = [
      prefix('shop'),
      admitting,
      fanout(plain()),
      commonLabels({ region: 'eu' }),
      route({ shop: other }),
    ];
    return subject(plain(layers), (series) => unprefixed(unlabelled(unrenamed(series))), other);
  },
};

for (const [name, make] of Object.entries(stacks)) {
  describe(`the recorder keeps the contract of recorders with layers: ${name}`, () => {
    for (const { name, run } of recorderContract(make)) test(name, run);
  });
}
