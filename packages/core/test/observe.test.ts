import {
  describeGauge,
  type Installation,
  type Observation,
  observeCounter,
  observeGauge,
  type Recorder,
  scope,
  setGlobalRecorder,
  withLocalRecorder,
} from '../src/index.ts';
import { sharedState } from '../src/state.ts';
import { ObservingRecorder } from './support/observing-recorder.ts';
import { TestRecorder } from './support/recorder.ts';
import { collectWarnings } from './support/warnings.ts';

const state = sharedState();
const warnings = collectWarnings();
const cleanUp: (() => void)[] = [];
let recorder: ObservingRecorder;
beforeEach(() => {
  recorder = new ObservingRecorder();
});
afterEach(() => {
  for (const step of cleanUp.splice(0)) step();
  expect([state.observed.size, state.observedCount]).toEqual([0, 0]);
});

function install(one: Recorder = recorder): Installation {
  const installation = setGlobalRecorder(one);
  cleanUp.push(() => installation.uninstall());
  return installation;
}

function kept(observation: Observation): Observation {
  cleanUp.push(() => observation.stop());
  return observation;
}

describe('an observed value', () => {
  it('is read whenever the recorder looks, made before it is installed or after', () => {
    let depth = 1;
    kept(observeGauge('before', { queue: 'mail' }, () => depth));
    install();
    kept(observeCounter('after', () => 10 * depth));
    expect(recorder.look()).toEqual([
      ['gauge before{queue=mail}', 1],
      ['counter after', 10],
    ]);
    depth = 2;
    expect(recorder.look()).toEqual([
      ['gauge before{queue=mail}', 2],
      ['counter after', 20],
    ]);
  });

  it('goes with the recorder that is installed, and is not read without one', () => {
    let calls = 0;
    kept(observeGauge('g', () => ++calls));
    const first = install();
    recorder.look();
    first.uninstall();
    expect(recorder.look()).toEqual([]);
    const next = new ObservingRecorder();
    install(next);
    expect(recorder.look()).toEqual([]);
    expect(next.look()).toEqual([['gauge g', 2]]);
  });

  it('ends when it is stopped, at any time, once', () => {
    const early = observeGauge('early', () => 1);
    early.stop();
    install();
    const late = observeGauge('late', () => 1);
    const other = observeGauge('other', () => 2);
    late[Symbol.dispose]();
    late.stop();
    expect(recorder.look()).toEqual([['gauge other', 2]]);
    other.stop();
    other.stop();
    expect(recorder.observers.size).toBe(0);
  });

  it('belongs to the local recorder alone in whose scope it was made', async () => {
    install();
    const local = new ObservingRecorder();
    const observation = await withLocalRecorder(local, async () => {
      await null;
      return observeGauge('inner', () => 5);
    });
    expect(local.look()).toEqual([['gauge inner', 5]]);
    expect(recorder.look()).toEqual([]);
    observation.stop();
    expect(local.look()).toEqual([]);
  });

  it("has its scope, and the scope's labels", () => {
    install();
    const { observeGauge: observe } = scope({
      name: 'db',
      version: '2',
      labels: { driver: 'pg', pool: 'a' },
    });
    kept(observe('open', { pool: 'b' }, () => 3));
    kept(observe('open', () => 4));
    expect(recorder.look()).toEqual([
      ['gauge db/open{driver=pg,pool=b}', 3],
      ['gauge db/open{driver=pg,pool=a}', 4],
    ]);
  });

  it('comes with what is said of its metric, which the recorder hears first', () => {
    describeGauge('described', { unit: 'By' });
    kept(observeGauge('described', () => 1));
    recorder.observe = function (...given) {
      expect(this.described.map(({ name }) => name)).toContain('described');
      return ObservingRecorder.prototype.observe.apply(this, given);
    };
    install();
    expect([...recorder.observers].map(({ meta }) => meta)).toEqual([{ unit: 'By' }]);
  });

  it('absent labels are absent, also when there are none at all', () => {
    install();
    kept(observeGauge('g', { a: '', b: undefined }, () => 1));
    kept(observeGauge('h', undefined, () => 2));
    expect(recorder.look().map(([series]) => series)).toEqual(['gauge g', 'gauge h']);
  });

  it('warns of labels that Prometheus takes for itself', () => {
    install();
    kept(observeGauge('g', { job: 'a' }, () => 1));
    expect(warnings.map(({ code }) => code)).toEqual(['OSTINATO_RESERVED_LABEL']);
  });
});

describe('a recorder without observe()', () => {
  it('is no reason to fail: it is said once per metric', () => {
    kept(observeGauge('unread', { a: 1 }, () => 1));
    const stop = kept(observeGauge('unread', { a: 2 }, () => 1));
    install(new TestRecorder()).uninstall();
    install(new TestRecorder()).uninstall();
    stop.stop();
    expect(warnings).toEqual([
      {
        code: 'OSTINATO_OBSERVE_UNSUPPORTED',
        text: "gauge 'unread' is observed by a callback, which this recorder cannot do (it has no observe()): nothing is recorded.",
      },
    ]);
    install();
    expect(recorder.look()).toEqual([['gauge unread{a=1}', 1]]);
  });

  it('is told from one whose observe is no function', () => {
    expect(() => install({ ...new TestRecorder(), ...methods(), observe: 5 } as never)).toThrow(
      expect.objectContaining({
        code: 'OSTINATO_INVALID_RECORDER',
        message: expect.stringContaining('its observe is no function'),
      }),
    );
  });
});

function methods() {
  return { describe() {}, counter() {}, gauge() {}, histogram() {}, refused() {} };
}

describe('at once, it throws for', () => {
  const observe = observeGauge as (...given: readonly unknown[]) => Observation;
  it.each<[given: readonly unknown[], code: string, text: string]>([
    [['1st', () => 1], 'OSTINATO_INVALID_NAME', 'observeGauge: the name must be an ASCII letter'],
    [[undefined, () => 1], 'OSTINATO_INVALID_NAME', 'got undefined'],
    [
      ['g'],
      'OSTINATO_INVALID_OPTION',
      "observeGauge('g'): the callback must be a function that returns a number, got undefined",
    ],
    [['g', { a: 1 }], 'OSTINATO_INVALID_OPTION', 'the callback must be a function'],
    [['g', { a: 1 }, 5], 'OSTINATO_INVALID_OPTION', 'got 5'],
    [
      ['g', 5, () => 1],
      'OSTINATO_INVALID_OPTION',
      "observeGauge('g'): labels: labels must be an object; it was 5",
    ],
    [['g', () => 1, () => 1], 'OSTINATO_INVALID_OPTION', 'it was a function'],
    [['g', { __a: 1 }, () => 1], 'OSTINATO_INVALID_OPTION', "names that begin with '__'"],
    [['g', { a: null }, () => 1], 'OSTINATO_INVALID_OPTION', "label 'a': a value must be"],
  ])('%p', (given, code, text) => {
    expect(() => observe(...given)).toThrow(
      expect.objectContaining({ name: 'OstinatoError', code, message: expect.stringContaining(text) }),
    );
  });
});

describe('one series twice', () => {
  it('is read twice, and reported once', () => {
    install();
    const older = kept(observeGauge('pool', { size: 1 }, () => 1));
    kept(observeGauge('pool', { size: '1' }, () => 2));
    kept(observeGauge('pool', { size: 1 }, () => 3));
    kept(observeCounter('pool', { size: 1 }, () => 4));
    expect(recorder.look().map(([, value]) => value)).toEqual([1, 2, 3, 4]);
    older.stop();
    expect(recorder.look().map(([, value]) => value)).toEqual([2, 3, 4]);
    expect(warnings).toEqual([
      {
        code: 'OSTINATO_OBSERVED_TWICE',
        text: "gauge 'pool': several callbacks give the value of one series: the value of the newest stays. Stop the older one, or add a label that tells them apart.",
      },
    ]);
  });

  it('is none when the first was stopped before', () => {
    observeGauge('again', () => 1).stop();
    observeGauge('again', () => 1).stop();
    expect(warnings).toEqual([]);
  });
});

describe('so many that it must be a mistake', () => {
  it('are refused beyond a bound, counted, and said once', () => {
    install();
    for (let i = 0; i < 10_000; i++) kept(observeGauge('many', { i }, () => i));
    const refused = [10_000, 0].map((i) => observeGauge('many', { i }, () => i));
    expect(recorder.observers.size).toBe(10_000);
    expect(recorder.refusals).toEqual(['gauge limit', 'gauge limit']);
    expect(warnings.map(({ code }) => code)).toEqual(['OSTINATO_LIMIT']);
    for (const one of refused) one.stop();
    expect(recorder.observers.size).toBe(10_000);
  });
});

it('a recorder that observes a value of its own when it is told of one is told of each once', () => {
  let told = 0;
  const { observe } = recorder;
  recorder.observe = (...given) => {
    if (told++ === 0) kept(observeGauge('own', () => 1));
    return observe.apply(recorder, given);
  };
  kept(observeGauge('first', () => 2));
  kept(observeGauge('second', () => 3));
  install();
  expect(recorder.look().map(([series]) => series)).toEqual(['gauge own', 'gauge first', 'gauge second']);
});
