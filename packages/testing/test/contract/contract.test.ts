import { recorderContract } from '../../src/contract/contract.ts';
import type { ContractSubject } from '../../src/contract/subject.ts';
import { DebuggingRecorder } from '../../src/debugging/recorder.ts';

/** What the contract sees of a debugging recorder, possibly through a flaw. */
function subjectOf(recorder: DebuggingRecorder, seen = () => recorder.series()): ContractSubject {
  return {
    recorder,
    read: () =>
      seen().map(({ kind, scope, name, labels, meta, value, values }) => {
        const bounds = meta.buckets ?? [];
        return {
          kind,
          scope: scope.name,
          name,
          labels,
          unit: meta.unit ?? '',
          description: meta.description ?? '',
          value,
          count: values.length,
          sum: values.reduce((sum, sample) => sum + sample, 0),
          bounds,
          counts: [...bounds, Infinity].map(
            (bound, i) => values.filter((sample) => sample <= bound && sample > (bounds[i - 1] ?? -1)).length,
          ),
        };
      }),
    refused: (reason) =>
      recorder.refusals().reduce((sum, refusal) => sum + (refusal.reason === reason ? refusal.count : 0), 0),
  };
}

describe('the debugging recorder keeps the contract', () => {
  for (const { name, run } of recorderContract(() => subjectOf(new DebuggingRecorder()))) test(name, run);
});

describe('the contract notices', () => {
  async function broken(make: () => ContractSubject): Promise<string[]> {
    const failed = new Set<string>();
    for (const { name, run } of recorderContract(make)) {
      await run().catch(() => failed.add(name.replace(/^through .*?: /, '')));
    }
    return [...failed];
  }

  test('a recorder that forgets whatever was recorded', async () => {
    const failed = await broken(() => subjectOf(new DebuggingRecorder(), () => []));
    const all = recorderContract(() => subjectOf(new DebuggingRecorder())).map(({ name }) =>
      name.replace(/^through .*?: /, ''),
    );
    expect([...new Set(all)].filter((name) => !failed.includes(name))).toEqual([
      'what was only described is not a series',
      'a new cell is open: it is not revoked',
      'every refusal of the facade is counted by its reason',
    ]);
  });

  test('a recorder that does not fold equal keys', async () => {
    class Unfolded extends DebuggingRecorder {
      #calls = 0;
      override counter(...[key, meta]: Parameters<DebuggingRecorder['counter']>) {
        return super.counter({ ...key, labels: [...key.labels, ['call', this.#calls++]] }, meta);
      }
    }
    expect(await broken(() => subjectOf(new Unfolded()))).toContain(
      'equal label sets are one series, whatever object they come in',
    );
  });

  test('a recorder that compares labels by joined text', async () => {
    class Joined extends DebuggingRecorder {
      override counter(...[key, meta]: Parameters<DebuggingRecorder['counter']>) {
        const text = key.labels.map(([name, value]) => `${name}=${value}`).join(',');
        return super.counter({ ...key, labels: text === '' ? [] : [['joined', text]] }, meta);
      }
    }
    expect(await broken(() => subjectOf(new Joined()))).toContain(
      'no two different label sets are one series',
    );
  });

  test.each([
    [
      'exemplars of another series',
      4,
      'an exemplar is a sample of its series, in the span in which it was recorded; a gauge has none',
    ],
    ['exemplars that come again', 7, 'an exemplar does not come twice'],
  ])('%s', async (_, value, title) => {
    const id = value.toString(16);
    const exemplars = [{ value, traceId: id.padStart(32, '0'), spanId: id.padStart(16, '0') }];
    const withExemplars = () => {
      const subject = subjectOf(new DebuggingRecorder());
      const read = async () => (await subject.read()).map((series) => ({ ...series, exemplars }));
      return { ...subject, read };
    };
    expect(await broken(withExemplars)).toContain(title);
  });

  test('and releases the subject in any case', async () => {
    let closed = 0;
    const cases = recorderContract(() => ({
      ...subjectOf(new DebuggingRecorder(), () => []),
      close: () => void closed++,
    }));
    for (const { run } of cases) await run().catch(() => {});
    expect(closed).toBe(cases.length);
  });
});

describe('the cases about observed values', () => {
  class Unobserving extends DebuggingRecorder {
    override readonly observe = undefined as never;
  }

  test('are left out, with one warning, for a recorder without observe', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    let closed = 0;
    const cases = recorderContract(() => ({
      ...subjectOf(new Unobserving()),
      close: () => void closed++,
    }));
    for (const { run } of cases) await run();
    expect(warn.mock.calls).toEqual([
      ['The recorder has no observe(): the cases about observed values are left out.'],
    ]);
    warn.mockRestore();
    expect(closed).toBe(cases.length);
  });

  test('notice one that goes on reading what was ended', async () => {
    class Endless extends DebuggingRecorder {
      override observe(...given: Parameters<DebuggingRecorder['observe']>) {
        super.observe(...given);
        return () => {};
      }
    }
    const failed: string[] = [];
    for (const { name, run } of recorderContract(() => subjectOf(new Endless()))) {
      await run().catch(() => failed.push(name.replace(/^through .*?: /, '')));
    }
    expect([...new Set(failed)]).toEqual([
      'nothing is read before somebody looks, and nothing once the observer was ended; the series stays',
      'a callback may record, end itself and start others',
    ]);
  });
});
